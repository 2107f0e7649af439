import HTTPTransport

/// The parameters of a call in the query protocols: names and values, lists as `Name.1`.
///
/// Source: Smithy specification, "AWS EC2 query protocol".
struct QueryForm {
    private var members: [(name: String, value: String)]

    init(_ action: String, version: String) {
        members = [("Action", action), ("Version", version)]
    }

    /// Leaves out what is nil.
    mutating func add(_ name: String, _ value: String?) {
        if let value { members.append((name, value)) }
    }

    mutating func add(_ name: String, _ value: Bool?) { add(name, value.map { $0 ? "true" : "false" }) }

    mutating func add(_ name: String, _ value: Int?) { add(name, value.map { String($0) }) }

    /// `Name.1`, `Name.2`; of structures one member, `Name.1.Member`.
    mutating func add(_ name: String, list values: [String], member: String? = nil) {
        let end = member.map { ".\($0)" } ?? ""
        for (number, value) in values.enumerated() { add("\(name).\(number + 1)\(end)", value) }
    }

    var bytes: [UInt8] {
        Array(members.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }.joined(separator: "&").utf8)
    }

    static let headers: HeaderFields = ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"]
}
