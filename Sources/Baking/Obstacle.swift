import Layers
import Sandbox
package import Store
import Synchronization
import SystemIO
import SystemPackage

/// A failure of the world under a bake: no step is to blame, and all others would meet it too.
package struct Obstacle: Error, Hashable, CustomStringConvertible {
    package let message: String
    package let why: String
    package let fix: String

    package var description: String { "\(message)\n  why: \(why)\n  fix: \(fix)" }

    /// What the error means for the store; nil where it is a step's own.
    package init?(_ error: any Error, in store: ArtifactStore) {
        if error is CancellationError { return nil }
        if let error = error as? Obstacle {
            self = error
            return
        }
        let room = "make room, for instance with 'ovenbird gc', or choose another store with '--store', and bake again"
        // Their own advice is for those who wrote the step.
        message =
            switch error {
            case let error as SandboxError: error.message
            case let error as StepError: error.message
            default: "\(error)"
            }
        if !Files.exists(store.path.appending("oci-layout")) || !Files.exists(store.ownFolder) {
            why = "the store '\(store.path)' was removed while the bake ran"
            fix = "bake again, which makes a new one"
            return
        }
        var cause = error
        if let layer = error as? LayerError, case .system(let error) = layer.problem { cause = error }
        switch cause {
        case let error as SystemError where error.isOutOfSpace:
            why = "the disk is full, or has no room for more files"
            fix = room
        case let error as SystemError where error.code == .readOnlyFileSystem:
            why = "its file system may only be read"
            fix = "choose another store with '--store', or mount it so that it can be written"
        case StoreError.indexFull:
            why = "the disk is full, or has no room for more files"
            fix = room
        case let error as SandboxError where error.cause == .noSpace:
            why = "the disk is full, or has no room for more files"
            fix = room
        case let error as SandboxError where error.cause == .readOnly:
            why = "its file system may only be read"
            fix = "choose another store with '--store', or mount it so that it can be written"
        case StoreError.indexReadOnly:
            why = "the index of the store may only be read, or was taken away while the bake ran"
            fix = "choose another store with '--store', or bake again"
        case StoreError.indexDamaged, StoreError.index, StoreError.indexBusy:
            why = "the index of the store cannot be used"
            fix = "'ovenbird fsck' says what is damaged and what to do"
        default:
            // Programs in a sandbox only say that they failed; the disk says why.
            guard FileSystemRoom.isUsedUp(at: store.path) else { return nil }
            why = "the disk is full, or has no room for more files"
            fix = room
        }
    }
}

/// The first obstacle of a bake.
final class FirstObstacle: Sendable {
    private let found = Mutex<Obstacle?>(nil)

    var value: Obstacle? { found.withLock { $0 } }

    /// False where there was one before: it has been told of.
    func claim(_ obstacle: Obstacle) -> Bool {
        found.withLock { first in
            if first != nil { return false }
            first = obstacle
            return true
        }
    }
}
