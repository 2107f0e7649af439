import Dispatch
import Synchronization

/// Bytes that all layers which are compressed at a time may have together; who comes too late waits, in order.
///
/// Everybody takes all that he needs at once, so nobody holds a part and waits for the rest.
package final class MemoryBudget: Sendable {
    package static let shared = MemoryBudget(bytes: 256 << 20)

    private struct State {
        var free: Int
        var waiting: [(bytes: Int, turn: DispatchSemaphore)] = []
    }

    /// All there is, in bytes.
    package let capacity: Int
    private let state: Mutex<State>

    package init(bytes: Int) {
        capacity = bytes
        state = Mutex(State(free: bytes))
    }

    /// Waits for `bytes`, or for everything where that is less; answers what was taken.
    func take(_ bytes: Int) -> Int {
        let bytes = min(bytes, capacity)
        let turn = state.withLock { state -> DispatchSemaphore? in
            if state.waiting.isEmpty, state.free >= bytes {
                state.free -= bytes
                return nil
            }
            let turn = DispatchSemaphore(value: 0)
            state.waiting.append((bytes, turn))
            return turn
        }
        turn?.wait()
        return bytes
    }

    func giveBack(_ bytes: Int) {
        state.withLock { state in
            state.free += bytes
            while let next = state.waiting.first, state.free >= next.bytes {
                state.free -= next.bytes
                state.waiting.removeFirst()
                next.turn.signal()
            }
        }
    }
}
