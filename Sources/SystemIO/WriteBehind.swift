import CShims
import Synchronization

/// Has the kernel write a file out while it grows, so that a sync at its end waits for the rest only.
///
/// Source: sync_file_range(2). It is a hint: what cannot be begun now is written at the sync.
package final class WriteBehind: Sendable {
    private let file: Descriptor
    private let state = Mutex<(written: Int64, begun: Int64)>((0, 0))
    private static let step: Int64 = 8 << 20

    /// For a file that is empty and that is appended to.
    package init(_ file: Descriptor) { self.file = file }

    /// After so many bytes were appended.
    package func appended(_ count: Int) {
        state.withLock { state in
            state.written += Int64(count)
            guard state.written - state.begun >= Self.step else { return }
            ob_start_writing(file.raw, state.begun, state.written - state.begun)
            state.begun = state.written
        }
    }
}
