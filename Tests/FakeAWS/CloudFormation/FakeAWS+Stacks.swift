import Synchronization

extension FakeAWS {
    /// Lets there be a stack, or another state of the one of the same name; gives its id.
    @discardableResult
    package func setStack(_ stack: Stack) -> String {
        let now = clock.now
        return state.withLock { $0.set(stack, now: now) }
    }
}
