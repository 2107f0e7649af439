import OCI
import SystemIO

/// A call that may be carried out.
struct Invocation: Sendable {
    let operation: Operation
    let region: String
    /// Of an operation that nobody has to sign nobody is the caller.
    let account: String
    let arn: String
    let userID: String
    /// Whether the credentials are a role's.
    let isRole: Bool
    let parameters: JSONValue
    let body: [UInt8]
    let bodyDigest: SystemIO.Digest
    /// Seconds since 1970 by the virtual clock.
    let now: Int64

    func text(_ name: String) -> String? { parameters[name]?.stringValue }

    func flag(_ name: String) -> Bool { parameters[name]?.boolValue ?? false }

    func number(_ name: String) -> Int? { parameters[name]?.integerValue.map { Int($0) } }

    func items(_ name: String) -> [JSONValue] { parameters[name]?.arrayValue ?? [] }

    func texts(_ name: String) -> [String] { items(name).compactMap(\.stringValue) }
}
