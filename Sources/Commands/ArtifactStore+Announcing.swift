import Store
import SystemIO

extension ArtifactStore {
    /// Keeps `ovenbird gc`, as long as it is held, from what has no name in the store yet; waits for one that is at work.
    func announceWork() async throws -> FileLock {
        if let lock = try tryAnnounceBake() { return lock }
        Console.say("waiting for 'ovenbird gc' on '\(path)'")
        return try await FileLock.polled { try tryAnnounceBake() }
    }
}
