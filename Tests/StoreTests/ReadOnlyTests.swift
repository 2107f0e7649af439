import Glibc
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// A store opened for reading stays as it is, to the byte and the nanosecond.
@Suite struct ReadOnlyTests {
    private let folder: TemporaryFolder
    private let path: FilePath

    init() throws {
        folder = try TemporaryFolder()
        // Another user has to get in.
        #expect(folder.path.withPlatformString { chmod($0, 0o755) } == 0)
        path = folder.file("store")
    }

    /// Names, kinds, modes, modification times and content of all that is in a folder.
    ///
    /// Change times are left out: as root, SQLite gives the files beside the index the owner that they have already.
    private static func picture(of folder: FilePath) throws -> [String] {
        var lines: [String] = []
        for name in try Files.names(in: folder) {
            let path = folder.appending(name)
            guard let status = try FileStatus.ofExisting(path) else { continue }
            let content = status.kind == .regular ? Digester.digest(of: try Files.read(path)).short : ""
            lines.append("\(path) \(status.kind) \(status.mode) \(status.modified) \(content)")
            if status.kind == .directory { lines += try picture(of: path) }
        }
        return lines
    }

    /// The lines of the picture that are new or gone.
    private static func changes(since before: [String], in folder: FilePath) throws -> [String] {
        Set(before).symmetricDifference(try picture(of: folder)).sorted()
    }

    private static func fill(_ store: ArtifactStore) throws {
        let layer = try store.putBlob([1, 2, 3]).digest
        let key = Digester.digest(of: "key")
        try store.recordStepResult(contentKey: key, definitionKey: key, layers: [layer], at: 1)
    }

    /// Asks everything that a plan asks.
    private static func ask(_ path: FilePath) throws {
        let store = try ArtifactStore.open(at: path, mode: .readOnly)
        let key = Digester.digest(of: "key")
        guard try store.stepResult(contentKey: key) != nil else { throw StoreError.blobMissing(key) }
        _ = try store.fileDigest("/file")
        try store.forEachSeenInput(under: "/") { _, _ in }
        _ = try store.references()
        _ = try store.bakedSteps(project: "p")
        try store.verify(Digester.digest(of: [1, 2, 3] as [UInt8]))
    }

    @Test func `after the writer has closed`() throws {
        try Self.fill(try ArtifactStore.open(at: path, mode: .readWrite))
        let before = try Self.picture(of: folder.path)
        try Self.ask(path)
        let changes = try Self.changes(since: before, in: folder.path)
        #expect(changes == [])
    }

    @Test func `while a writer has it open`() async throws {
        let writer = try ArtifactStore.open(at: path, mode: .readWrite)
        try Self.fill(writer)
        let before = try Self.picture(of: folder.path)
        // In the writer's own process SQLite would share its memory map.
        await #expect(processExitsWith: .success) { [text = path.string as String] in try Self.ask(FilePath(text)) }
        let changes = try Self.changes(since: before, in: folder.path)
        #expect(changes == [])
        try withExtendedLifetime(writer) {
            try writer.beginBake(id: "later", project: "p", at: 1)
            #expect(try ArtifactStore.open(at: path, mode: .readOnly).bake(id: "later") != nil)
        }
    }

    @Test func `after the writer was killed, with all that it had committed`() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [text = path.string as String] in
            let store = try ArtifactStore.open(at: FilePath(text), mode: .readWrite)
            try Self.fill(store)
            withExtendedLifetime(store) { _ = kill(getpid(), SIGKILL) }
        }
        let log = try #require(try FileStatus.ofExisting(path.appending("ovenbird/index.sqlite-wal")))
        #expect(log.size > 0)
        let before = try Self.picture(of: folder.path)
        try Self.ask(path)
        let changes = try Self.changes(since: before, in: folder.path)
        #expect(changes == [])
    }

    @Test func `a log that only a writer can take in is not passed over`() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [text = path.string as String] in
            let store = try ArtifactStore.open(at: FilePath(text), mode: .readWrite)
            try Self.fill(store)
            withExtendedLifetime(store) { _ = kill(getpid(), SIGKILL) }
        }
        try Files.removeFile(path.appending("ovenbird/index.sqlite-shm"))
        let error = #expect(throws: StoreError.self) { try ArtifactStore.open(at: path, mode: .readOnly) }
        #expect(
            error?.description
                == "cannot read the index '\(path)/ovenbird/index.sqlite': its last changes are in a log without its "
                + "'-shm' file, which only a writer can make anew; a bake does so"
        )
        _ = try ArtifactStore.open(at: path, mode: .readWrite)
        try Self.ask(path)
    }

    @Test func `where the files beside the index are gone`() throws {
        try Self.fill(try ArtifactStore.open(at: path, mode: .readWrite))
        for name in ["index.sqlite-wal", "index.sqlite-shm"] {
            try Files.removeFile(path.appending("ovenbird").appending(name))
        }
        let before = try Self.picture(of: folder.path)
        try Self.ask(path)
        let changes = try Self.changes(since: before, in: folder.path)
        #expect(changes == [])
    }

    @Test(.enabled(if: getuid() == 0)) func `as a user who may only read`() async throws {
        let writer = try ArtifactStore.open(at: path, mode: .readWrite)
        try Self.fill(writer)
        let before = try Self.picture(of: folder.path)
        await #expect(processExitsWith: .success) { [text = path.string as String] in
            guard setgid(65_534) == 0, setuid(65_534) == 0 else { exit(3) }
            try Self.ask(FilePath(text))
            exit(0)
        }
        await #expect(processExitsWith: .exitCode(7)) { [text = path.string as String] in
            guard setgid(65_534) == 0, setuid(65_534) == 0 else { exit(3) }
            do {
                _ = try ArtifactStore.open(at: FilePath(text), mode: .readWrite)
            } catch let error as SystemError {
                exit(error.code == .permissionDenied ? 7 : 4)
            }
        }
        let changes = try Self.changes(since: before, in: folder.path)
        #expect(changes == [])
        withExtendedLifetime(writer) {}
    }

    @Test func `a path with what a URI takes for something else`() throws {
        let odd = folder.file("100% é?mode=rw#x")
        try Self.fill(try ArtifactStore.open(at: odd, mode: .readWrite))
        let before = try Self.picture(of: folder.path)
        try Self.ask(odd)
        let changes = try Self.changes(since: before, in: folder.path)
        #expect(changes == [])
    }
}
