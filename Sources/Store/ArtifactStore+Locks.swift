package import SystemIO
import SystemPackage

extension ArtifactStore {
    /// Waits until nobody else runs the step of this key, then keeps the others waiting.
    package func lock(stepKey: Digest) throws -> FileLock {
        try requireWriting("lock a step")
        return try FileLock.acquire(locksFolder.appending(stepKey.hex), .exclusive)
    }

    /// The lock of a step, or nil where another bake runs it right now.
    package func tryLock(stepKey: Digest) throws -> FileLock? {
        try requireWriting("lock a step")
        return try FileLock.tryAcquire(locksFolder.appending(stepKey.hex), .exclusive)
    }

    /// Says that a bake runs, for as long as the lock is held: nothing may be collected meanwhile.
    package func announceBake() throws -> FileLock {
        try requireWriting("start a bake")
        return try FileLock.acquire(locksFolder.appending("bakes"), .shared)
    }

    /// The same without waiting; nil while somebody collects.
    package func tryAnnounceBake() throws -> FileLock? {
        try requireWriting("start a bake")
        return try FileLock.tryAcquire(locksFolder.appending("bakes"), .shared)
    }

    /// The right to remove blobs, or nil while a bake runs.
    package func tryLockAgainstBakes() throws -> FileLock? {
        try requireWriting("lock the store")
        return try FileLock.tryAcquire(locksFolder.appending("bakes"), .exclusive)
    }
}
