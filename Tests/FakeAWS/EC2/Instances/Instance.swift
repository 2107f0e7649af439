/// An instance as the fake knows it.
package struct Instance: Sendable {
    package enum State: String, Sendable, Hashable {
        case pending
        case running
        case stopping
        case stopped
        case shuttingDown = "shutting-down"
        case terminated

        /// As the API numbers it.
        var code: Int {
            switch self {
            case .pending: 0
            case .running: 16
            case .shuttingDown: 32
            case .terminated: 48
            case .stopping: 64
            case .stopped: 80
            }
        }
    }

    package let id: String
    package let owner: String
    package let region: String
    /// Of the call that started it.
    package let reservation: String
    package var image: String
    package var type: String
    package internal(set) var state = State.pending
    /// Why it stopped or ended: `Client.UserInitiatedShutdown`.
    package internal(set) var reason: String?
    package var vpc: String
    package var subnet: String
    package var groups: [String]
    package var isPublic: Bool
    /// The name of its instance profile.
    package var profile: String?
    package var isSpot = false
    /// Whether a shutdown from within ends it instead of stopping it.
    package var endsOnShutdown = false
    /// As it came, in Base64.
    package var userData: String?
    package var devices: [Image.Device]
    /// By the names of the model: `HttpTokens`.
    package var metadataOptions: [String: String]
    package var tags: [String: String]
    package var volumeTags: [String: String]
    package let launchTime: Int64

    // Of the image that it was started from.
    var architecture: String
    var rootDevice: String
    var hasTree: Bool
    var clientToken: String?
    /// Whether it ends before it runs.
    var fails = false
    var unknownRequests: Int
    /// Answers that are still to say that it is on its way to the next state.
    var polls: Int
    /// Requests for an image that are told that it has not stopped.
    var unstoppedRequests = 0
    var agent = Agent()

    /// The Systems Manager's agent in it.
    struct Agent: Sendable {
        /// Answers that still know nothing of it.
        var unknownPolls = 0
        /// Answers that say that its connection is lost.
        var lostPolls = 0
        var registered: Int64?
    }

    /// Goes on with time; `isDone` says whether the machine itself has done what the state waits for.
    mutating func settle(isDone: Bool, _ behaviour: Behaviour) {
        guard polls == 0, isDone else { return }
        switch state {
        case .pending where fails: (state, reason) = (.terminated, "Server.InternalError")
        case .pending: state = .running
        case .stopping:
            state = .stopped
            unstoppedRequests = behaviour.unstoppedImageRequests
        case .shuttingDown: state = .terminated
        case .running, .stopped, .terminated: break
        }
    }
}
