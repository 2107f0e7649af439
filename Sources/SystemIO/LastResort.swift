import Glibc

/// A thread of its own that waits and then acts, however busy all others are.
package enum LastResort {
    private final class Action: Sendable {
        let milliseconds: UInt32
        let body: @Sendable () -> Void

        init(_ milliseconds: UInt32, _ body: @escaping @Sendable () -> Void) {
            self.milliseconds = milliseconds
            self.body = body
        }
    }

    /// Calls `body` once after a time, unless the process ends before.
    package static func after(milliseconds: UInt32, _ body: @escaping @Sendable () -> Void) {
        let context = Unmanaged.passRetained(Action(milliseconds, body)).toOpaque()
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                let action = Unmanaged<Action>.fromOpaque(context).takeRetainedValue()
                usleep(action.milliseconds * 1000)
                action.body()
                return nil
            },
            context
        )
        guard result == 0 else {
            // No thread is to be had: better too early than never.
            Unmanaged<Action>.fromOpaque(context).release()
            return body()
        }
        pthread_detach(thread)
    }
}
