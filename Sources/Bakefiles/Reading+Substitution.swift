import Diagnostics
import YAML

/// A value's text, taken apart at `${` and `}`.
struct TextTemplate {
    enum Part: Hashable {
        case text(String)
        /// What stands between `${` and `}`.
        case reference(String)
    }

    private(set) var parts: [Part] = []

    /// Nil where a `${` has no `}`.
    ///
    /// `$${` is the text `${`; any other `$` is itself.
    init?(_ text: String) {
        var rest = Substring(text)
        var plain = ""
        while let dollar = rest.firstIndex(of: "$") {
            plain += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                plain += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else { return nil }
                if !plain.isEmpty { parts.append(.text(plain)) }
                plain = ""
                parts.append(.reference(String(rest.dropFirst(2)[..<end])))
                rest = rest[rest.index(after: end)...]
            } else {
                plain += "$"
                rest = rest.dropFirst()
            }
        }
        plain += rest
        if !plain.isEmpty || parts.isEmpty { parts.append(.text(plain)) }
    }
}

extension Reading {
    /// The text of a scalar with its variables substituted.
    mutating func text(of node: Node) -> String? {
        guard let text = literalText(of: node) else { return nil }
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        guard let template = template(text, at: node.place) else { return nil }
        var result = ""
        var isGood = true
        for part in template.parts {
            switch part {
            case .text(let text): result += text
            case .reference(let name):
                if let value = value(of: name, at: node.place) { result += value } else { isGood = false }
            }
        }
        return isGood ? result : nil
    }

    /// The text of a scalar as it is.
    mutating func literalText(of node: Node) -> String? {
        guard let scalar = node.scalar, !node.isNull else { return failType(node, expected: "a text") }
        return scalar.text
    }

    mutating func template(_ text: String, at place: SourcePlace) -> TextTemplate? {
        if let template = TextTemplate(text) { return template }
        return fail(
            at: place,
            "a '${' has no '}'",
            .unterminatedVariable,
            fix: "close it, or write '$${' for the text itself"
        )
    }

    /// The value that `${name}` stands for.
    mutating func value(of name: String, at place: SourcePlace) -> String? {
        if name.hasPrefix("matrix.") { return matrixValue(of: String(name.dropFirst(7)), at: place) }
        if name.hasPrefix("platform.") { return platformValue(of: String(name.dropFirst(9)), at: place) }
        if name.hasPrefix("images.") {
            return fail(
                at: place,
                "'${\(name)}' stands outside of a stack's 'bind'",
                .misplacedField,
                why: "what an image has is known once it is baked"
            )
        }
        guard let variable = variables[name] else { return failUnknownVariable(name, at: place) }
        if variable.isLater {
            return fail(
                at: place,
                "the variable \(quoted(name)) has no value here yet",
                .variableOrder,
                why: "a default may use the variables above it; \(quoted(name)) is defined at \(variable.place)"
            )
        }
        usedVariables.insert(name)
        return variable.value
    }

    private mutating func matrixValue(of name: String, at place: SourcePlace) -> String? {
        if let value = matrix[name] { return value }
        let names = matrix.keys.sorted()
        return fail(
            at: place,
            "the matrix of this image has no \(quoted(name))",
            .unknownVariable,
            why: names.isEmpty ? "the image has no 'matrix:'" : "it has \(quotedList(names))",
            fix: nearestName(to: name, among: names).map { "write '${matrix.\($0)}'" }
        )
    }

    private mutating func failUnknownVariable(_ name: String, at place: SourcePlace) -> String? {
        if isIncomplete { return nil }
        let literal = "'$${\(name)}' for the text itself"
        let fix =
            if let near = nearestName(to: name, among: variables.keys), let known = variables[near] {
                "write '${\(near)}' (defined at \(known.place)), or \(literal)"
            } else {
                "define it under 'variables:', or write \(literal)"
            }
        return fail(at: place, "the variable \(quoted(name)) is not defined", .unknownVariable, fix: fix)
    }
}
