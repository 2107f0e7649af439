import OCI

/// Reads what a request brings into the names of the models, and notes all that is wrong with it.
///
/// What is wrong stays in the value, so that whoever judges the log sees it too.
struct ParameterReader {
    enum Problem: Sendable, Hashable {
        case missing(String)
        case unknown(String)
        case invalid(String, value: String, why: String)
    }

    private(set) var problems: [Problem] = []
    /// What stands between a list's name and the number of an item: `member` in the query protocol, nothing in EC2's.
    var listWord: String?

    mutating func read(_ members: [Shape.Member], _ form: FormNode, _ path: String = "") -> JSONValue {
        var result: [String: JSONValue] = [:]
        for member in members {
            let name = path.isEmpty ? member.wire : "\(path).\(member.wire)"
            if let node = form.children[member.wire] {
                result[member.name] = read(member.shape, node, name)
            } else if member.isRequired {
                problems.append(.missing(name))
            }
        }
        if let value = form.value, !path.isEmpty {
            problems.append(.invalid(path, value: value, why: "a structure is expected"))
        }
        let known = Set(members.map(\.wire))
        for (name, node) in form.children.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
            problems.append(.unknown(path.isEmpty ? name : "\(path).\(name)"))
            result[name] = .string(node.value ?? "")
        }
        return .object(result)
    }

    private mutating func read(_ shape: Shape, _ node: FormNode, _ path: String) -> JSONValue {
        switch shape {
        case .structure(let members): return read(members, node, path)
        case .list(let item, let count): return list(item, count, node, path)
        case .text, .integer, .boolean, .timestamp, .map:
            guard let text = node.value, node.children.isEmpty else {
                problems.append(.invalid(path, value: "", why: "a single value is expected"))
                return .null
            }
            return read(shape, text: text, path)
        }
    }

    private mutating func list(
        _ item: Shape,
        _ count: ClosedRange<Int>,
        _ node: FormNode,
        _ path: String
    ) -> JSONValue {
        // The query protocol writes an empty list as a name with nothing.
        if listWord != nil, node.value == "", node.children.isEmpty { return .array([]) }
        let path = listWord.map { "\(path).\($0)" } ?? path
        let items = listWord.map { node.children[$0]?.children ?? [:] } ?? node.children
        var values: [JSONValue] = []
        for number in 1...max(1, items.count) {
            guard let next = items[String(number)] else {
                problems.append(.invalid(path, value: "", why: "the items of a list are numbered from 1"))
                break
            }
            values.append(read(item, next, "\(path).\(number)"))
        }
        check(values.count, in: count, path)
        return .array(values)
    }

    /// Of a value that comes as text: in a form, a header field, a query or a path.
    mutating func read(_ shape: Shape, text: String, _ path: String) -> JSONValue {
        switch shape {
        case .integer(let range):
            guard let number = Int64(text), !text.hasPrefix("+") else {
                problems.append(.invalid(path, value: text, why: "an integer is expected"))
                return .string(text)
            }
            check(number, in: range, path)
            return .integer(number)
        case .boolean:
            guard text == "true" || text == "false" else {
                problems.append(.invalid(path, value: text, why: "'true' or 'false' is expected"))
                return .string(text)
            }
            return .bool(text == "true")
        case .timestamp:
            if !Timestamp.isValid(text) { problems.append(.invalid(path, value: text, why: "a date is expected")) }
            return .string(text)
        case .text(let rule):
            check(text, rule, path)
            return .string(text)
        case .list, .structure, .map:
            problems.append(.invalid(path, value: text, why: "a list or structure is expected"))
            return .string(text)
        }
    }

    mutating func read(_ shape: Shape, json: JSONValue, _ path: String) -> JSONValue {
        func below(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        switch (shape, json) {
        case (.structure(let members), .object(let values)):
            for member in members {
                if let value = values[member.wire] {
                    _ = read(member.shape, json: value, below(member.wire))
                } else if member.isRequired {
                    problems.append(.missing(below(member.wire)))
                }
            }
            let known = Set(members.map(\.wire))
            problems += values.keys.filter { !known.contains($0) }.sorted().map { .unknown(below($0)) }
        case (.list(let item, let count), .array(let values)):
            for (number, value) in values.enumerated() { _ = read(item, json: value, "\(path)[\(number)]") }
            check(values.count, in: count, path)
        case (.map(let item), .object(let values)):
            for (name, value) in values.sorted(by: { $0.key < $1.key }) { _ = read(item, json: value, below(name)) }
        case (.text(let rule), .string(let text)): check(text, rule, path)
        case (.integer(let range), .integer(let number)): check(number, in: range, path)
        case (.boolean, .bool): break
        default: problems.append(.invalid(path, value: json.canonicalText, why: "another type is expected"))
        }
        return json
    }

    mutating func miss(_ name: String) { problems.append(.missing(name)) }

    mutating func refuse(_ name: String) { problems.append(.unknown(name)) }

    private mutating func check(_ text: String, _ rule: Shape.Text, _ path: String) {
        if let choices = rule.choices, !choices.contains(text) {
            let why = "it must be one of [\(choices.joined(separator: ", "))]"
            problems.append(.invalid(path, value: text, why: why))
        } else if !rule.length.contains(text.unicodeScalars.count) {
            problems.append(.invalid(path, value: text, why: "its length must be in \(rule.length)"))
        } else if let isValid = rule.isValid, !isValid(text) {
            problems.append(.invalid(path, value: text, why: "it does not match the pattern"))
        }
    }

    private mutating func check(_ number: Int64, in range: ClosedRange<Int64>, _ path: String) {
        if !range.contains(number) {
            problems.append(.invalid(path, value: String(number), why: "it must be in \(range)"))
        }
    }

    private mutating func check(_ count: Int, in range: ClosedRange<Int>, _ path: String) {
        if !range.contains(count) {
            problems.append(.invalid(path, value: String(count), why: "the number of items must be in \(range)"))
        }
    }
}
