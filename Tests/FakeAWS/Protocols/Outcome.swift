import OCI

/// What an operation answers with when it succeeds, before its service's envelope.
enum Outcome: Sendable {
    case xml([XML])
    case json(Int, JSONValue)
    case bytes(Int, headers: [String: String], body: [UInt8])
}
