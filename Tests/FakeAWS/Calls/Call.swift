package import OCI

/// A call as it came.
package struct Call: Sendable, Hashable {
    /// Of all calls, from 1.
    package let number: Int
    package let service: Service
    package let region: String
    package let operation: String
    /// Whether it is there to change something; what only tries is not.
    package let changes: Bool
    package let requestID: String
    /// By the names of the services' models; of a blob only the length, as `{"blob": 524288}`.
    package let parameters: JSONValue
    /// Whose credentials it came with, once they were accepted.
    package internal(set) var account: String?
    /// Of the answer, whether it arrives or not; 0 where none was made.
    package internal(set) var status = 0
    /// The error's code.
    package internal(set) var error: String?

    /// A line of the log.
    var document: JSONValue {
        .object([
            "number": .integer(Int64(number)),
            "service": .string(service.rawValue),
            "region": .string(region),
            "operation": .string(operation),
            "changes": .bool(changes),
            "requestId": .string(requestID),
            "parameters": parameters,
            "account": account.map(JSONValue.string),
            "status": .integer(Int64(status)),
            "error": error.map(JSONValue.string),
        ])
    }
}
