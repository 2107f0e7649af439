import Store
import SystemIO

extension ArtifactStore {
    /// Keeps `ovenbird gc`, as long as it is held, from what has no name in the store yet; waits for one that is at work.
    func announceWork() async throws -> FileLock {
        if let lock = try tryAnnounceBake() { return lock }
        Console.say("waiting for 'ovenbird gc' on '\(path)'")
        while true {
            // Polled, because a wait for a lock could not be cancelled.
            try await Task.sleep(for: .milliseconds(50))
            if let lock = try tryAnnounceBake() { return lock }
        }
    }
}
