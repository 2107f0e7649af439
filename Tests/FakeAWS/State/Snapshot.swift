package import SystemIO

/// A snapshot as the fake knows it.
package struct Snapshot: Sendable {
    package enum State: String, Sendable, Hashable {
        case pending
        /// Complete for whoever writes, and pending for whoever asks.
        case sealing
        case completed
        case error
    }

    package let id: String
    package let owner: String
    package let region: String
    /// GiB.
    package var volumeSize: Int
    package var parent: String?
    package var description: String?
    package var tags: [String: String]
    /// The key's ARN.
    package var key: String?
    package var state = State.pending
    /// Why it is in error, or will be.
    package var failure: String?
    package var startTime: Int64
    /// Put into this snapshot, by their index.
    package internal(set) var blocks: [Int: Digest] = [:]
    /// What the parent held when this was started.
    package internal(set) var inherited: [Int: Digest] = [:]
    package var users: Set<String> = []
    package var isPublic = false

    var isCopy = false
    /// The first of the line of parents.
    var lineage: String
    var unknownRequests: Int
    var sealingPolls = 0
    var sealedAt: Int64 = 0
    /// Of the last start or put; the service gives up so many seconds later.
    var lastWrite: Int64
    var patience: Int64

    init(
        id: String,
        owner: String,
        region: String,
        volumeSize: Int,
        now: Int64,
        unknownRequests: Int = 0,
        patience: Int64 = 3600,
        tags: [String: String] = [:]
    ) {
        self.id = id
        self.owner = owner
        self.region = region
        self.volumeSize = volumeSize
        self.tags = tags
        self.unknownRequests = unknownRequests
        self.patience = patience
        startTime = now
        lastWrite = now
        lineage = id
    }

    static let blockSize = 512 << 10

    var blockCount: Int { volumeSize << 11 }

    /// What the disk holds, with what comes from the parents.
    package var content: [Int: Digest] { inherited.merging(blocks) { _, own in own } }

    func isReadable(by account: String) -> Bool { owner == account || isPublic || users.contains(account) }

    /// Goes on with time.
    mutating func settle(now: Int64, isPoll: Bool = false) {
        switch state {
        case .pending where now > lastWrite + patience: state = .error
        case .sealing where sealingPolls > 0:
            if isPoll { sealingPolls -= 1 }
        case .sealing where now >= sealedAt: state = failure == nil ? .completed : .error
        default: break
        }
    }
}
