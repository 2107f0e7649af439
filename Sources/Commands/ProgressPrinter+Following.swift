import Baking
import Reporting

extension ProgressPrinter {
    /// Does a piece of work while the printer ticks, and closes the printer; signals cancel the work.
    func following<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        defer { close() }
        return try await Interruption.cancelling(
            cancel: { self.handle(.interrupted) },
            abandon: { self.close() }
        ) {
            try await withThrowingTaskGroup(of: Value?.self) { group in
                group.addTask { try await work() }
                group.addTask {
                    while !Task.isCancelled {
                        self.tick()
                        try? await Task.sleep(for: .seconds(1 / ProgressPrinter.framesPerSecond))
                    }
                    return nil
                }
                defer { group.cancelAll() }
                while let ended = try await group.next() {
                    if let value = ended { return value }
                }
                throw CancellationError()
            }
        }
    }
}
