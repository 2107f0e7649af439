import Bakefiles

extension BuilderInstance {
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
