import Glibc
import OCI
import Synchronization
import SystemIO
package import SystemPackage

extension FakeAWS {
    // MARK: Calls

    /// All calls in the order in which they came.
    package var calls: [Call] { ledger.withLock { $0.calls } }

    /// `service:operation` of all calls, or only of those that change something.
    package func lines(onlyChanges: Bool = false) -> [String] {
        calls.filter { $0.changes || !onlyChanges }.map { "\($0.service.rawValue):\($0.operation)" }
    }

    /// Writes the log: a JSON document a line.
    package func writeLog(to path: FilePath) throws {
        let text = calls.map { $0.document.canonicalText + "\n" }.joined()
        try AtomicFile.write(Array(text.utf8), to: path)
    }

    // MARK: State

    /// The snapshots of an account in a region, by their ids.
    package func snapshots(_ region: String, of account: Account? = nil) -> [Snapshot] {
        let owner = (account ?? accounts[0]).id
        return state.withLock { world in
            world.settle(region, now: clock.now)
            return world[region].snapshots.values.filter { $0.owner == owner }
        }.sorted { $0.id < $1.id }
    }

    /// The images of an account in a region, by their ids.
    package func images(_ region: String, of account: Account? = nil) -> [Image] {
        let owner = (account ?? accounts[0]).id
        return state.withLock { $0[region].images.values.filter { $0.owner == owner } }.sorted { $0.id < $1.id }
    }

    package func snapshot(_ id: String) -> Snapshot? {
        state.withLock { world in world.regions.values.compactMap { $0.snapshots[id] }.first }
    }

    package func image(_ id: String) -> Image? {
        state.withLock { world in world.regions.values.compactMap { $0.images[id] }.first }
    }

    /// Writes the disk that a snapshot holds, its parents' blocks included; where no block is, the file has a hole.
    package func write(snapshot id: String, to path: FilePath) throws {
        guard let snapshot = snapshot(id) else { throw SystemError("find the snapshot", id, .noSuchFileOrDirectory) }
        try Files.removeFile(path)
        let file = try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o644)
        try file.setLength(Int64(snapshot.volumeSize) << 30)
        for (index, digest) in snapshot.content.sorted(by: { $0.key < $1.key }) {
            let block = try blocks.block(digest)
            try block.withUnsafeBytes { try file.write($0, at: Int64(index) * Int64(Snapshot.blockSize)) }
        }
    }

    /// Ends what runs in instances and removes their files, for a program that ends: nobody lets go of its fake.
    package func close() { machines.close() }

    // MARK: Changing it as somebody else would

    package func removeSnapshot(_ id: String) {
        state.withLock { world in
            for region in world.regions.keys { world[region].snapshots[id] = nil }
        }
    }

    package func removeImage(_ id: String) {
        state.withLock { world in
            for region in world.regions.keys { world[region].images[id] = nil }
        }
    }

    /// Lets an image have been started when somebody did it; seconds since 1970.
    package func setLastLaunch(of id: String, to time: Int64?) {
        state.withLock { world in
            for region in world.regions.keys { world[region].images[id]?.lastLaunch = time }
        }
    }

    /// Ends all temporary credentials.
    package func expireSessions() {
        let now = clock.now
        state.withLock { world in
            for key in world.identities.keys { world.identities[key]?.session?.expires = now - 1 }
        }
    }
}
