package import Diagnostics
package import YAML

extension Template {
    /// Reads a template in YAML or JSON.
    ///
    /// The extension decides where it is `.json`, `.yaml` or `.yml`, else the first character. Short forms of intrinsic
    /// functions (`!Ref`, `!Sub`) may stand anywhere but in `Parameters`. Answers nil where `diagnostics` got an error.
    package static func read(_ text: [UInt8], file: String, diagnostics: inout DiagnosticList) -> Template? {
        var reader = TemplateReader()
        defer { diagnostics.add(contentsOf: reader.diagnostics.inFileOrder) }
        guard let root = readDocument(text, file: file, diagnostics: &reader.diagnostics) else { return nil }
        let parameters = reader.read(root)
        return reader.diagnostics.hasErrors ? nil : Template(file: file, parameters: parameters)
    }

    /// All of a template, as it is written.
    package static func readDocument(_ text: [UInt8], file: String, diagnostics: inout DiagnosticList) -> Node? {
        isJSON(text, file: file)
            ? JSONReader.read(text, file: file, diagnostics: &diagnostics)
            : YAMLReader.read(text, file: file, diagnostics: &diagnostics)
    }

    static func isJSON(_ text: [UInt8], file: String) -> Bool {
        let name = file.lowercased()
        if name.hasSuffix(".json") { return true }
        if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { return false }
        let start = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        return text[start...].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
    }
}

/// Reads `Parameters`, and collects every mistake in it.
private struct TemplateReader {
    var diagnostics = DiagnosticList()

    private static let keys = [
        "Type", "Default", "Description", "AllowedValues", "AllowedPattern", "ConstraintDescription", "MinLength",
        "MaxLength", "MinValue", "MaxValue", "NoEcho",
    ]

    mutating func read(_ root: Node) -> [Template.Parameter] {
        let signs = ["AWSTemplateFormatVersion", "Resources", "Parameters"]
        guard root.mapping != nil else {
            shape(root, "\(root.kindName) is no CloudFormation template")
            return []
        }
        guard signs.contains(where: { root[$0] != nil }) else {
            shape(root, "the file is no CloudFormation template", why: "it has neither 'Resources' nor 'Parameters'")
            return []
        }
        guard let parameters = root["Parameters"], !parameters.isNull else { return [] }
        guard let members = parameters.mapping else {
            shape(parameters, "'Parameters' is \(parameters.kindName), not a mapping of names")
            return []
        }
        if members.count > 200 {
            diagnostics.add(
                Diagnostic(
                    at: members[200].key.place,
                    "the template has \(members.count) parameters, more than CloudFormation's limit of 200",
                    .tooManyParameters
                )
            )
        }
        return members.compactMap { parameter($0) }
    }

    private mutating func parameter(_ member: Node.Member) -> Template.Parameter? {
        let name = member.name
        let isAllowed = name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        }
        if !isAllowed || name.isEmpty || name.utf8.count > 255 {
            diagnostics.add(
                Diagnostic(
                    at: member.key.place,
                    "the parameter's name '\(name)' is not allowed",
                    .templateParameterName,
                    why: "a name has 1 to 255 letters and digits, and nothing else"
                )
            )
        }
        guard let members = member.value.mapping, member.value.tag == nil else {
            shape(member.value, "the parameter '\(name)' is \(member.value.kindName), not a mapping with 'Type'")
            return nil
        }
        for known in members where !TemplateReader.keys.contains(known.name) {
            let nearest = nearestName(to: known.name, among: TemplateReader.keys)
            diagnostics.add(
                Diagnostic(
                    at: known.key.place,
                    "the parameter '\(name)' has the unknown key '\(known.name)'",
                    .templateKey,
                    fix: nearest.map { "write '\($0)'" } ?? "remove it"
                )
            )
        }
        guard let type = type(of: member) else { return nil }
        var parameter = Template.Parameter(name: name, place: member.key.place, type: type)
        let node = member.value
        parameter.defaultValue = text(node["Default"], "Default")
        parameter.description = text(node["Description"], "Description")?.value
        parameter.constraintDescription = text(node["ConstraintDescription"], "ConstraintDescription")?.value
        parameter.allowedPattern = text(node["AllowedPattern"], "AllowedPattern")
        parameter.allowedValues = texts(node["AllowedValues"])
        parameter.minLength = length(node["MinLength"], "MinLength")
        parameter.maxLength = length(node["MaxLength"], "MaxLength")
        parameter.minValue = number(node["MinValue"], "MinValue")
        parameter.maxValue = number(node["MaxValue"], "MaxValue")
        parameter.isNoEcho = flag(node["NoEcho"])
        return parameter
    }

    private mutating func type(of member: Node.Member) -> Template.Located<ParameterType>? {
        guard let node = member.value["Type"] else {
            diagnostics.add(
                Diagnostic(
                    at: member.key.place,
                    "the parameter '\(member.name)' has no 'Type'",
                    .templateParameterType,
                    fix: "write 'Type: String', or the type that it has"
                )
            )
            return nil
        }
        guard let text = text(node, "Type") else { return nil }
        guard let type = ParameterType(text.value) else {
            diagnostics.add(
                Diagnostic(
                    at: text.place,
                    "the parameter '\(member.name)' has the unknown type '\(text.value)'",
                    .templateParameterType,
                    fix: nearestName(to: text.value, among: ParameterType.known).map { "write '\($0)'" }
                )
            )
            return nil
        }
        return Template.Located(type, at: text.place)
    }

    // MARK: Values

    private mutating func text(_ node: Node?, _ key: String) -> Template.Located<String>? {
        guard let node else { return nil }
        if let tag = node.tag, tag != "!!str", tag != "!" {
            shape(node, "'\(key)' has the tag '\(tag)'", why: "a template's parameters take no functions")
            return nil
        }
        guard let scalar = node.scalar, !node.isNull else {
            shape(node, "'\(key)' is \(node.kindName), not a text")
            return nil
        }
        return Template.Located(scalar.text, at: node.alias?.place ?? node.place)
    }

    private mutating func texts(_ node: Node?) -> Template.Located<[String]>? {
        guard let node else { return nil }
        guard let items = node.sequence else {
            shape(node, "'AllowedValues' is \(node.kindName), not a list")
            return nil
        }
        return Template.Located(items.compactMap { text($0, "AllowedValues")?.value }, at: node.place)
    }

    private mutating func length(_ node: Node?, _ key: String) -> Template.Located<Int>? {
        guard let text = text(node, key), let node else { return nil }
        guard let value = Int(text.value), value >= 0 else {
            shape(node, "'\(key)' is '\(text.value)', not a whole number")
            return nil
        }
        return Template.Located(value, at: text.place)
    }

    private mutating func number(_ node: Node?, _ key: String) -> Template.Located<Double>? {
        guard let text = text(node, key), let node else { return nil }
        guard let value = ParameterCheck.number(text.value) else {
            shape(node, "'\(key)' is '\(text.value)', not a number")
            return nil
        }
        return Template.Located(value, at: text.place)
    }

    private mutating func flag(_ node: Node?) -> Bool {
        guard let text = text(node, "NoEcho"), let node else { return false }
        switch text.value.lowercased() {
        case "true": return true
        case "false": return false
        default:
            shape(node, "'NoEcho' is '\(text.value)', not true or false")
            return false
        }
    }

    private mutating func shape(_ node: Node, _ message: String, why: String? = nil) {
        diagnostics.add(Diagnostic(at: node.alias?.place ?? node.place, message, .templateShape, why: why))
    }
}
