/// What machine an image is baked on: everything of it is the user's, and nothing stays of it.
package struct BuilderMachine: Sendable, Hashable {
    /// The name of an instance profile, by which the machine may speak to Systems Manager.
    package var profile: String
    /// What the machine is sent, and what it says, goes through here.
    package var bucket: String
    /// Nil for one of the default network's.
    package var subnet: String?
    package var securityGroups: [String]
    /// Instance types, the best one first.
    package var types: [String]
    /// Spot machines are tried first.
    package var isSpot: Bool
    /// The machine ends itself so many seconds after it was started.
    package var deadline: Int64

    package init(
        profile: String,
        bucket: String,
        subnet: String? = nil,
        securityGroups: [String] = [],
        types: [String],
        isSpot: Bool = false,
        deadline: Int64
    ) {
        self.profile = profile
        self.bucket = bucket
        self.subnet = subnet
        self.securityGroups = securityGroups
        self.types = types
        self.isSpot = isSpot
        self.deadline = deadline
    }

    /// One way to start the machine.
    struct Choice: Sendable, Hashable {
        let type: String
        let isSpot: Bool
    }

    /// All ways, in the order in which they are tried.
    var choices: [Choice] {
        (isSpot ? types.map { Choice(type: $0, isSpot: true) } : []) + types.map { Choice(type: $0, isSpot: false) }
    }
}
