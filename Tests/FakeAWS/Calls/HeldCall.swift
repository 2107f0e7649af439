import Synchronization

/// A call that a test waits for, and that gets no answer, so that its client can be killed there.
package final class HeldCall: Sendable {
    private struct State {
        var call: Call?
        var waiting: [CheckedContinuation<Call, Never>] = []
    }

    private let state = Mutex(State())

    /// The call, once it is there; waits for it for ever.
    package func arrival() async -> Call {
        await withCheckedContinuation { continuation in
            let call = state.withLock { state in
                if state.call == nil { state.waiting.append(continuation) }
                return state.call
            }
            if let call { continuation.resume(returning: call) }
        }
    }

    /// The call if it is there.
    package var call: Call? { state.withLock { $0.call } }

    func arrive(_ call: Call) {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.call = call
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: call) }
    }
}
