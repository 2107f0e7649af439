import Synchronization

/// A call that a test waits for, and that gets no answer, so that its client can be killed there.
package final class HeldCall: Sendable {
    private struct State {
        var call: Call?
        var waiting: [CheckedContinuation<Call?, Never>] = []
    }

    private let state = Mutex(State())

    /// Nobody waits longer: the client has ended before it came to the call.
    private static let patience = Duration.seconds(300)

    private struct NoCall: Error, CustomStringConvertible {
        let description = "the call that a test waits for did not come"
    }

    /// The call, once it is there; throws where it does not come for minutes.
    package func arrival() async throws -> Call {
        let call = await withCheckedContinuation { continuation in
            let call = state.withLock { state in
                if state.call == nil { state.waiting.append(continuation) }
                return state.call
            }
            if let call { return continuation.resume(returning: call) }
            Task {
                try? await Task.sleep(for: Self.patience)
                wake()
            }
        }
        guard let call else { throw NoCall() }
        return call
    }

    /// The call if it is there.
    package var call: Call? { state.withLock { $0.call } }

    func arrive(_ call: Call) {
        state.withLock { $0.call = call }
        wake()
    }

    private func wake() {
        let (call, waiting) = state.withLock { state in
            defer { state.waiting = [] }
            return (state.call, state.waiting)
        }
        for continuation in waiting { continuation.resume(returning: call) }
    }
}
