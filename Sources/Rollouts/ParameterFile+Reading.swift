package import Diagnostics
import SystemIO
import YAML

extension ParameterFile {
    /// Reads a parameter file; its dialect follows from the extension and the content.
    ///
    /// Answers nil where `diagnostics` got an error, with every mistake of the file in it.
    package static func read(
        _ text: [UInt8],
        file: String,
        diagnostics: inout DiagnosticList
    ) -> ParameterFile? {
        var found = DiagnosticList()
        defer { diagnostics.add(contentsOf: found.inFileOrder) }
        guard let format = Format(file: file, diagnostics: &found) else { return nil }
        let root: Node? =
            switch format {
            case .json: JSONReader.read(text, file: file, diagnostics: &found)
            case .yaml: YAMLReader.read(text, file: file, diagnostics: &found)
            }
        guard let root else { return nil }
        var reader = ParameterFileReader(diagnostics: found)
        let dialect = reader.read(root, format: format)
        found = reader.diagnostics
        guard let dialect, !found.hasErrors else { return nil }
        return ParameterFile(file: file, text: text, dialect: dialect, entries: reader.entries, root: root)
    }

    /// A file that does not exist yet: a CLI list for `.json`, flat YAML for `.yaml` and `.yml`.
    package static func missing(file: String) throws(InvalidInput) -> ParameterFile {
        var diagnostics = DiagnosticList()
        let format = Format(file: file, diagnostics: &diagnostics)
        try diagnostics.throwIfErrors()
        let dialect: Dialect = format == .json ? .commandLineList : .flatYAML
        return ParameterFile(file: file, text: [], dialect: dialect, entries: [], root: nil)
    }

    enum Format {
        case json
        case yaml

        init?(file: String, diagnostics: inout DiagnosticList) {
            let name = file.pathComponents.last.map { $0.lowercased() } ?? ""
            if name.hasSuffix(".json") {
                self = .json
            } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
                self = .yaml
            } else {
                diagnostics.add(
                    Diagnostic(
                        at: SourcePlace(file: file, line: 1, column: 1),
                        "the parameter file '\(file)' has no extension that says what it is",
                        .parameterFileExtension,
                        fix:
                            "name it '.json' (CLI list or CodePipeline template configuration) "
                            + "or '.yaml' (flat 'Name: value')"
                    )
                )
                return nil
            }
        }
    }
}

/// Collects the entries of a document, and every mistake in it.
private struct ParameterFileReader {
    var diagnostics: DiagnosticList
    var entries: [ParameterFile.Entry] = []

    init(diagnostics: DiagnosticList) { self.diagnostics = diagnostics }

    mutating func read(_ root: Node, format: ParameterFile.Format) -> ParameterFile.Dialect? {
        switch (format, root.content) {
        case (.json, .sequence(let items)):
            for item in items { readListed(item) }
            return .commandLineList
        case (.json, .mapping(let members)):
            readConfiguration(members, root)
            return .templateConfiguration
        case (.yaml, .mapping(let members)):
            for member in members { readFlat(member) }
            return .flatYAML
        case (.yaml, .scalar(let scalar))
        where scalar.text.isEmpty && scalar.style == .plain && root.range.bytes.isEmpty:
            return .flatYAML
        case (.yaml, _):
            shape(root, "\(root.kindName) is no parameter file", fix: "write one 'Name: value' a line")
        case (.json, _):
            shape(
                root,
                "\(root.kindName) is no parameter file",
                fix: "write '[{\"ParameterKey\": \"Name\", \"ParameterValue\": \"value\"}]'"
            )
        }
        return nil
    }

    // MARK: CLI list

    private mutating func readListed(_ item: Node) {
        guard let members = item.mapping else {
            shape(
                item,
                "\(item.kindName) where an object with 'ParameterKey' should stand",
                fix: "write '{\"ParameterKey\": \"Name\", \"ParameterValue\": \"value\"}'"
            )
            return
        }
        checkKeys(members, known: ["ParameterKey", "ParameterValue", "UsePreviousValue", "ResolvedValue"])
        guard let key = members.first(where: { $0.name == "ParameterKey" }) else {
            shape(item, "an entry without 'ParameterKey'", fix: "write the parameter's name as \"ParameterKey\"")
            return
        }
        guard let name = text(key.value, of: "ParameterKey") else { return }
        if let first = entries.first(where: { $0.name == name }) {
            diagnostics.add(
                Diagnostic(
                    at: key.value.place,
                    "the parameter '\(name)' is given twice",
                    .duplicateParameter,
                    why: "the first is at \(first.keyPlace)",
                    fix: "remove one of the two"
                )
            )
            return
        }
        let previous = members.first { $0.name == "UsePreviousValue" }
        let answers = ["true", "false"].map { Node.Scalar(text: $0, style: .plain) }
        if let previous, !answers.contains(where: { $0 == previous.value.scalar }) {
            shape(previous.value, "'UsePreviousValue' is neither true nor false")
            return
        }
        let asksForPrevious = previous?.value.scalar == answers[0]
        let value = members.first { $0.name == "ParameterValue" }
        switch (value, previous) {
        case (let value?, _) where asksForPrevious:
            shape(
                value.key,
                "the parameter '\(name)' has a value and asks for the previous one",
                fix: "remove 'ParameterValue' or 'UsePreviousValue'"
            )
        case (let value?, _):
            guard let text = text(value.value, of: name) else { return }
            add(name, text, key.value, value, item)
        case (nil, let previous?) where asksForPrevious: add(name, nil, key.value, previous, item)
        default:
            shape(item, "the parameter '\(name)' has no 'ParameterValue'", fix: "write a value, or remove the entry")
        }
    }

    // MARK: Template configuration

    private mutating func readConfiguration(_ members: [Node.Member], _ root: Node) {
        let known = ["Parameters", "Tags", "StackPolicy"]
        if !members.isEmpty, !members.contains(where: { known.contains($0.name) }) {
            shape(
                root,
                "an object without 'Parameters' is no parameter file",
                why: "a JSON file is a list of 'ParameterKey' and 'ParameterValue', or an object with 'Parameters'",
                fix: "put the values below \"Parameters\""
            )
            return
        }
        checkKeys(members, known: known)
        guard let parameters = members.first(where: { $0.name == "Parameters" })?.value else { return }
        guard let values = parameters.mapping else {
            shape(parameters, "'Parameters' is \(parameters.kindName)", fix: "write '{\"Name\": \"value\"}'")
            return
        }
        for member in values {
            guard let text = text(member.value, of: member.name) else { continue }
            add(member.name, text, member.key, member, nil)
        }
    }

    // MARK: Flat YAML

    private mutating func readFlat(_ member: Node.Member) {
        let value = member.value
        let place = value.alias?.place ?? value.place
        if let tag = value.tag, !["!!str", "!"].contains(tag) {
            wrongValue(place, "the value of '\(member.name)' has the tag '\(tag)'", fix: "write the value as a text")
            return
        }
        switch value.content {
        case .scalar(let scalar):
            warnIfAmbiguous(value, scalar, member.name)
            add(member.name, value.isNull ? "" : scalar.text, member.key, member, nil)
        case .sequence(let items):
            let texts = items.compactMap(\.scalar?.text)
            guard texts.count == items.count else {
                wrongValue(place, "the value of '\(member.name)' is a list that holds more than texts")
                return
            }
            for item in items { if let scalar = item.scalar { warnIfAmbiguous(item, scalar, member.name) } }
            add(member.name, texts.joined(separator: ","), member.key, member, nil)
        case .mapping:
            wrongValue(
                place,
                "the value of '\(member.name)' is a mapping",
                why: "a YAML parameter file is flat: one 'Name: value' a line",
                fix: member.name.lowercased() == "parameters"
                    ? "remove 'Parameters:' and the indentation below it" : nil
            )
        }
    }

    private mutating func warnIfAmbiguous(_ value: Node, _ scalar: Node.Scalar, _ name: String) {
        guard scalar.style == .plain, value.tag == nil, let meaning = YAMLScalar.ambiguity(ofPlain: scalar.text) else {
            return
        }
        diagnostics.add(
            Diagnostic(
                .warning,
                at: value.alias?.place ?? value.place,
                "some readers take '\(scalar.text)', the value of '\(name)', for \(meaning)",
                .parameterValueAmbiguous,
                fix: "put it in quotes"
            )
        )
    }

    // MARK: Shared

    private mutating func add(_ name: String, _ value: String?, _ key: Node, _ member: Node.Member, _ object: Node?) {
        let end = member.value.alias?.bytes.upperBound ?? member.value.range.bytes.upperBound
        let entry = ParameterFile.Entry(
            name: name,
            value: value,
            keyPlace: key.place,
            valuePlace: member.value.alias?.place ?? member.value.place,
            member: member,
            bytes: object?.range.bytes ?? member.key.range.bytes.lowerBound..<end
        )
        entries.append(entry)
    }

    /// The text of a JSON value; the AWS tools refuse numbers and booleans here.
    private mutating func text(_ node: Node, of name: String) -> String? {
        if let scalar = node.scalar, scalar.style == .doubleQuoted { return scalar.text }
        let fix = node.scalar.map { node.isNull ? "write a text" : "write \"\($0.text)\"" }
        let kind = node.scalar.map { "'\($0.text)'" } ?? node.kindName
        wrongValue(node.place, "the value of '\(name)' is \(kind), not a text in quotes", fix: fix)
        return nil
    }

    private mutating func checkKeys(_ members: [Node.Member], known: [String]) {
        for member in members where !known.contains(member.name) {
            diagnostics.add(
                Diagnostic(
                    at: member.key.place,
                    "unknown key '\(member.name)'",
                    .parameterFileKey,
                    why: "known here: " + known.map { "'\($0)'" }.joined(separator: ", "),
                    fix: nearestName(to: member.name, among: known).map { "write '\($0)'" } ?? "remove it"
                )
            )
        }
    }

    private mutating func wrongValue(_ place: SourcePlace, _ message: String, why: String? = nil, fix: String? = nil) {
        diagnostics.add(Diagnostic(at: place, message, .parameterValueShape, why: why, fix: fix))
    }

    private mutating func shape(_ node: Node, _ message: String, why: String? = nil, fix: String? = nil) {
        diagnostics.add(Diagnostic(at: node.place, message, .parameterFileShape, why: why, fix: fix))
    }
}
