/// A refusal, before it is written as its service does.
struct Failure: Error, Sendable, Hashable {
    var status: Int
    var code: String
    var message: String
    /// Of the EBS direct APIs.
    var reason: String?

    init(_ status: Int, _ code: String, _ message: String, reason: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.reason = reason
    }
}
