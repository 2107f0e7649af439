/// What a script lets happen to a call.
package struct Fault: Sendable {
    package enum Effect: Sendable, Hashable {
        /// The rest leave the call undone.
        case throttled
        /// 500 or 503.
        case failing(Int)
        case refused(status: Int, code: String, message: String = "The script of the test says so")
        /// The connection breaks in the answer; nothing was done.
        case broken
        /// No answer comes; nothing was done.
        case silent
        /// The connection breaks when so many bytes of a block have come.
        case brokenUpload(after: Int)
        /// It is done, and the connection breaks in the answer.
        case lost
        /// It is done, and no answer comes.
        case lostInSilence
    }

    package var effect: Effect
    /// The name of an operation; nil stands for all.
    package var operation: String?
    /// Only calls that change something.
    package var onlyChanges: Bool
    /// Of those that it is for, from 1, counted from when the fault was added.
    package var nth: Int
    /// How many in turn.
    package var times: Int

    package init(
        _ effect: Effect,
        at operation: String? = nil,
        onlyChanges: Bool = false,
        nth: Int = 1,
        times: Int = 1
    ) {
        self.effect = effect
        self.operation = operation
        self.onlyChanges = onlyChanges
        self.nth = nth
        self.times = times
    }
}
