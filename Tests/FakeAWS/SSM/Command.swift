import OCI

/// A command that was sent to instances.
struct Command: Sendable {
    enum Status: String, Sendable, Hashable {
        case pending = "Pending"
        case inProgress = "InProgress"
        case success = "Success"
        case failed = "Failed"
        case cancelling = "Cancelling"
        case cancelled = "Cancelled"
        case timedOut = "TimedOut"

        var isOver: Bool { self != .pending && self != .inProgress && self != .cancelling }
    }

    /// What became of it in one instance.
    struct Invocation: Sendable {
        /// Of the run in the machine; nil where no agent took it.
        var run: String?
        var status = Status.pending
        /// Where the status is not all there is to say.
        var details: String?
        var responseCode = -1
        var output: [UInt8] = []
        var error: [UInt8] = []
        var end: Int64?
        var unknownRequests: Int
        var polls: Int
        /// How often the instance was seen to reboot for it.
        var reboots = 0
    }

    let id: String
    let account: String
    let region: String
    let documentName: String
    let parameters: JSONValue
    let comment: String
    /// Seconds in which an agent has to take it.
    let deliveryTimeout: Int64
    /// Seconds for which it may run.
    let executionTimeout: Int64
    let bucket: String?
    let prefix: String?
    /// Seconds since 1970.
    let requested: Int64
    var invocations: [String: Invocation]

    /// The only kind of document that the fake knows.
    static let shellDocument = "AWS-RunShellScript"
    static let plugin = "awsrunShellScript"

    /// Where the agent puts what it wrote: `stdout` or `stderr`.
    func key(_ stream: String, _ instance: String) -> String {
        let place = "\(id)/\(instance)/\(Self.plugin)/0.\(Self.plugin)/\(stream)"
        return prefix.map { $0.isEmpty ? place : "\($0)/\(place)" } ?? place
    }

    /// Of all its instances.
    var status: Status {
        let all = invocations.values.map(\.status)
        if all.allSatisfy({ $0 == .pending }) { return .pending }
        if let open = all.first(where: { !$0.isOver }) { return open == .cancelling ? .cancelling : .inProgress }
        return all.first { $0 != .success } ?? .success
    }
}
