import Diagnostics
import HTTPTransport
package import YAML

/// What the functions of a template give where nothing of it exists yet: parameters have their values, conditions and mappings
/// are looked up, and resources stand in for themselves by made-up names where nothing else is known of them.
///
/// Source: AWS CloudFormation User Guide, "Intrinsic function reference" and "Pseudo parameters reference".
package struct TemplateFunctions {
    /// What a part of a template comes to.
    package enum Value: Sendable, Hashable {
        case text(String)
        case list([Value])
        case mapping([String: Value])
        /// `AWS::NoValue`: the property is not there.
        case none
    }

    private let root: Node
    private let parameters: [String: String]
    private let pseudoParameters: [String: String]
    private let references: [String: String]
    /// A template cannot nest deeper without a mistake.
    private static let deepest = 64

    private static let account = "123456789012"

    /// `parameters` are the values of all that the template declares; lists are separated by commas.
    ///
    /// `references` are what `Ref` gives of resources, where that is known.
    package init(
        _ root: Node,
        parameters: [String: String],
        references: [String: String] = [:],
        stackName: String,
        region: String
    ) {
        self.root = root
        self.parameters = parameters
        self.references = references
        pseudoParameters = [
            "AWS::AccountId": Self.account, "AWS::Partition": "aws", "AWS::Region": region,
            "AWS::StackId": Self.stackID(of: stackName, in: region), "AWS::StackName": stackName,
            "AWS::URLSuffix": "amazonaws.com",
        ]
    }

    /// What stands for the id of a stack.
    package static func stackID(of name: String, in region: String) -> String {
        "arn:aws:cloudformation:\(region):\(account):stack/\(name)/00000000-0000-4000-8000-000000000000"
    }

    /// Throws `InvalidInput` with the place of what has no meaning.
    package func value(_ node: Node) throws -> Value { try value(node, depth: 0) }

    /// The same of what has to be a text.
    package func text(_ node: Node) throws -> String { try text(node, depth: 0) }

    private func value(_ node: Node, depth: Int) throws -> Value {
        guard depth < Self.deepest else { throw mistake(node, "the template is nested too deeply") }
        if let (name, argument) = Self.function(node) { return try call(name, argument, depth: depth + 1) }
        switch node.content {
        case .scalar(let scalar): return node.isNull ? .none : .text(scalar.text)
        case .sequence(let items):
            return .list(try items.map { try value($0, depth: depth + 1) }.filter { $0 != .none })
        case .mapping(let members):
            var values: [String: Value] = [:]
            for member in members {
                let value = try value(member.value, depth: depth + 1)
                if value != .none { values[member.name] = value }
            }
            return .mapping(values)
        }
    }

    private func text(_ node: Node, depth: Int) throws -> String {
        guard case .text(let text) = try value(node, depth: depth) else {
            throw mistake(node, "what stands here is no text")
        }
        return text
    }

    private func texts(_ node: Node, depth: Int) throws -> [String] {
        switch try value(node, depth: depth) {
        case .list(let values):
            return try values.map { value in
                guard case .text(let text) = value else { throw mistake(node, "an item of this list is no text") }
                return text
            }
        case .text(let text): return text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        case .mapping, .none: throw mistake(node, "what stands here is no list")
        }
    }

    /// `!Sub x`, `{ Fn::Sub: x }`, `{ Ref: x }`: the function's full name, and what it is given.
    static func function(_ node: Node) -> (name: String, argument: Node)? {
        if let tag = node.tag, tag.hasPrefix("!"), tag.count > 1, !tag.hasPrefix("!!") {
            let word = String(tag.dropFirst())
            let name = ["Ref", "Condition"].contains(word) ? word : "Fn::\(word)"
            return (name, Node(node.content, range: node.range))
        }
        guard let members = node.mapping, members.count == 1 else { return nil }
        let name = members[0].name
        return name == "Ref" || name.hasPrefix("Fn::") ? (name, members[0].value) : nil
    }

    private func call(_ name: String, _ argument: Node, depth: Int) throws -> Value {
        switch name {
        case "Ref": return try reference(try plain(argument), at: argument)
        case "Fn::Base64": return .text(Base64.encode(Array(try text(argument, depth: depth).utf8)))
        case "Fn::Sub": return .text(try substituted(argument, depth: depth))
        case "Fn::Join":
            let items = try arguments(argument, 2)
            return .text(try texts(items[1], depth: depth).joined(separator: try text(items[0], depth: depth)))
        case "Fn::Split":
            let items = try arguments(argument, 2)
            let separator = try text(items[0], depth: depth)
            guard !separator.isEmpty else { throw mistake(items[0], "nothing can be split at an empty text") }
            return .list(
                try text(items[1], depth: depth).split(separator: separator, omittingEmptySubsequences: false)
                    .map { .text(String($0)) }
            )
        case "Fn::Select":
            let items = try arguments(argument, 2)
            let values = try value(items[1], depth: depth)
            let list: [Value] =
                if case .list(let values) = values { values } else {
                    try texts(items[1], depth: depth).map { .text($0) }
                }
            guard let index = Int(try text(items[0], depth: depth)), list.indices.contains(index) else {
                throw mistake(items[0], "the list has \(list.count) items, and this is the number of none")
            }
            return list[index]
        case "Fn::If":
            let items = try arguments(argument, 3)
            let isTrue = try condition(named: try plain(items[0]), at: items[0], depth: depth)
            return try value(items[isTrue ? 1 : 2], depth: depth)
        case "Fn::FindInMap": return try found(argument, depth: depth)
        case "Fn::GetAtt": return .text(try attribute(argument))
        case "Fn::GetAZs":
            let given = try text(argument, depth: depth)
            let region = given.isEmpty ? pseudoParameters["AWS::Region"] ?? "" : given
            return .list(["a", "b", "c"].map { .text(region + $0) })
        case "Fn::ToJsonString", "Fn::Transform", "Fn::ImportValue", "Fn::Cidr", "Fn::Length":
            throw mistake(argument, "what '\(name)' gives is not known here")
        default: throw mistake(argument, "there is no function '\(name)'")
        }
    }

    // MARK: Names

    private func reference(_ name: String, at node: Node) throws -> Value {
        if name == "AWS::NoValue" { return .none }
        if let value = parameters[name] ?? pseudoParameters[name] { return .text(value) }
        guard root["Resources"]?[name] != nil else {
            throw mistake(node, "'\(name)' is neither a parameter with a value nor a resource of the template")
        }
        return .text(references[name] ?? "rehearsed-\(name)")
    }

    private func attribute(_ argument: Node) throws -> String {
        let parts =
            argument.scalar.map { $0.text.split(separator: ".", maxSplits: 1).map(String.init) }
            ?? argument.sequence?.compactMap { $0.scalar?.text } ?? []
        guard parts.count == 2, root["Resources"]?[parts[0]] != nil else {
            throw mistake(argument, "this is no attribute of a resource of the template")
        }
        return "rehearsed-\(parts[0])-\(parts[1])"
    }

    private func substituted(_ argument: Node, depth: Int) throws -> String {
        var template = argument
        var own: [String: String] = [:]
        if let items = argument.sequence {
            guard items.count == 2, let members = items[1].mapping else {
                throw mistake(argument, "'Fn::Sub' takes a text, or a text and a mapping")
            }
            template = items[0]
            for member in members { own[member.name] = try text(member.value, depth: depth) }
        }
        var result = ""
        var rest = try plain(template)[...]
        while let start = rest.firstRange(of: "${") {
            result += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw mistake(template, "a '${' in this text has no end")
            }
            let name = String(rest[start.upperBound..<end])
            if name.hasPrefix("!") {
                result += "${\(name.dropFirst())}"
            } else if let value = own[name] {
                result += value
            } else if name.contains("."), !name.contains("::") {
                let text = Node(.scalar(.init(text: name, style: .plain)), range: template.range)
                result += try attribute(text)
            } else if case .text(let value) = try reference(name, at: template) {
                result += value
            }
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private func found(_ argument: Node, depth: Int) throws -> Value {
        let items = try arguments(argument, 3)
        let keys = try items.map { try text($0, depth: depth) }
        guard let value = root["Mappings"]?[keys[0]]?[keys[1]]?[keys[2]] else {
            throw mistake(argument, "the template's mappings have no '\(keys.joined(separator: "' '"))'")
        }
        return try self.value(value, depth: depth)
    }

    // MARK: Conditions

    /// Whether a resource is there by its `Condition`.
    ///
    /// Throws `InvalidInput` as `value(_:)`.
    package func exists(_ resource: Node) throws -> Bool {
        guard let node = resource["Condition"] else { return true }
        return try condition(named: try plain(node), at: node, depth: 0)
    }

    private func condition(named name: String, at node: Node, depth: Int) throws -> Bool {
        guard let condition = root["Conditions"]?[name] else {
            throw mistake(node, "the template has no condition '\(name)'")
        }
        return try isTrue(condition, depth: depth + 1)
    }

    private func isTrue(_ node: Node, depth: Int) throws -> Bool {
        guard depth < Self.deepest else { throw mistake(node, "conditions are nested too deeply, or in a circle") }
        let (name, argument) =
            Self.function(node) ?? (node.mapping?.first?.name ?? "", node.mapping?.first?.value ?? node)
        switch name {
        case "Condition": return try condition(named: try plain(argument), at: argument, depth: depth)
        case "Fn::Equals":
            let items = try arguments(argument, 2)
            return try value(items[0], depth: depth) == value(items[1], depth: depth)
        case "Fn::Not": return try !isTrue(try arguments(argument, 1)[0], depth: depth + 1)
        case "Fn::And": return try (argument.sequence ?? []).allSatisfy { try isTrue($0, depth: depth + 1) }
        case "Fn::Or": return try (argument.sequence ?? []).contains { try isTrue($0, depth: depth + 1) }
        default: throw mistake(node, "this is no condition")
        }
    }

    // MARK: Shapes

    private func plain(_ node: Node) throws -> String {
        guard let scalar = node.scalar else { throw mistake(node, "\(node.kindName) stands where a text has to") }
        return scalar.text
    }

    private func arguments(_ node: Node, _ count: Int) throws -> [Node] {
        guard let items = node.sequence, items.count == count else {
            throw mistake(node, "a function takes a list of \(count) here")
        }
        return items
    }

    private func mistake(_ node: Node, _ message: String) -> InvalidInput {
        InvalidInput(Diagnostic(at: node.alias?.place ?? node.place, message, .templateFunction))
    }
}
