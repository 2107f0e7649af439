import Glibc
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Several processes on one store, and what they leave when they are killed.
@Suite struct ProcessTests {
    private let folder: TemporaryFolder
    private let path: FilePath

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("store")
    }

    @Test func `two processes fill one store that is not there yet`() async throws {
        let text = path.string
        async let first = #expect(processExitsWith: .success) { [text = text as String] in try Self.work(text, 1) }
        async let second = #expect(processExitsWith: .success) { [text = text as String] in try Self.work(text, 2) }
        _ = await (first, second)
        let store = try ArtifactStore.open(at: path, mode: .readWrite)
        #expect(try store.versions(project: "p").map(\.sequence) == Array(1...40))
        #expect(try store.bakes(project: "p").count == 40)
        for digest in try store.blobs() { try store.verify(digest) }
        #expect(try store.blobs().count == 40)
        #expect(try Files.names(in: store.temporaryFolder).isEmpty)
    }

    private static func work(_ path: String, _ worker: Int) throws {
        let store = try ArtifactStore.open(at: FilePath(path), mode: .readWrite)
        for number in 0..<20 {
            let text = "\(worker) \(number)"
            try store.beginBake(id: text, project: "p", at: 1)
            let blob = try store.putBlob(Array(text.utf8))
            _ = try store.assignVersion(project: "p", image: "i", identity: blob.digest, at: 1) { "\($0.count + 1)" }
        }
    }

    @Test func `a killed writer leaves nothing that is used, and what it leaves is removed`() async throws {
        let bystander = try ArtifactStore.open(at: path, mode: .readWrite)
        let living = try bystander.makeBlobWriter()
        try living.write([1])
        let folder = try bystander.makeWorkFolder("living")
        await #expect(processExitsWith: .signal(SIGKILL)) { [text = path.string as String] in
            let store = try ArtifactStore.open(at: FilePath(text), mode: .readWrite)
            let writer = try store.makeBlobWriter()
            try writer.write([1, 2, 3])
            let work = try store.makeWorkFolder("upper")
            try Files.makeFolder(work.path.appending("etc/deep"))
            try AtomicFile.write([1], to: work.path.appending("etc/file"))
            let lock = try store.lock(stepKey: Digester.digest(of: "step"))
            kill(getpid(), SIGKILL)
            withExtendedLifetime((writer, work, lock)) {}
        }
        #expect(try Files.names(in: bystander.temporaryFolder).count == 6)
        #expect(try bystander.blobs().isEmpty)
        #expect(try bystander.tryLock(stepKey: Digester.digest(of: "step")) != nil)
        #expect(try bystander.removeStaleWork().isEmpty)
        #expect(try Files.names(in: bystander.temporaryFolder).count == 3)
        #expect(Files.exists(folder.path))
        #expect(try living.finish().size == 1)
    }

    @Test func `the lock of a step keeps another process out`() async throws {
        let store = try ArtifactStore.open(at: path, mode: .readWrite)
        let lock = try store.lock(stepKey: Digester.digest(of: "step"))
        await #expect(processExitsWith: .exitCode(5)) { [text = path.string as String] in
            let other = try ArtifactStore.open(at: FilePath(text), mode: .readWrite)
            exit(try other.tryLock(stepKey: Digester.digest(of: "step")) == nil ? 5 : 6)
        }
        lock.release()
        #expect(try store.tryLock(stepKey: Digester.digest(of: "step")) != nil)
    }

    @Test func `nothing is collected while a bake runs`() throws {
        let store = try ArtifactStore.open(at: path, mode: .readWrite)
        let first = try store.announceBake()
        let second = try store.announceBake()
        #expect(try store.tryLockAgainstBakes() == nil)
        first.release()
        #expect(try store.tryLockAgainstBakes() == nil)
        second.release()
        #expect(try store.tryLockAgainstBakes() != nil)
    }
}

@Suite struct WorkFolderTests {
    private let folder: TemporaryFolder
    private let store: ArtifactStore

    init() throws {
        folder = try TemporaryFolder()
        store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
    }

    @Test func `is private, and gone with its owner`() throws {
        let path: FilePath
        do {
            let work = try store.makeWorkFolder("upper")
            path = work.path
            #expect(try FileStatus.ofExisting(path)?.mode == 0o700)
            try AtomicFile.write([1], to: path.appending("file"))
        }
        #expect(!Files.exists(path))
        #expect(try Files.names(in: store.temporaryFolder).isEmpty)
    }

    @Test func `what lies about without an owner is removed, and symlinks are not followed`() throws {
        let precious = try folder.write("mine", to: "precious/file").removingLastComponent()
        let temporary = store.temporaryFolder
        try Files.makeFolder(temporary.appending("root-1/inner"))
        for (link, target) in [("root-1/inner/link", precious.string), ("link", precious.string)] {
            #expect(symlink(target, temporary.appending(link).string) == 0)
        }
        try AtomicFile.write([], to: temporary.appending("lonely.lock"))
        try AtomicFile.write([], to: temporary.appending("blob-1-2"))
        #expect(mkfifo(temporary.appending("fifo").string, 0o600) == 0)
        #expect(try store.removeStaleWork().isEmpty)
        #expect(try Files.names(in: temporary).isEmpty)
        #expect(Files.exists(precious.appending("file")))
    }

    @Test(.enabled(if: getuid() == 0)) func `tells what it cannot remove, and goes on`() async throws {
        let path = store.path.string
        #expect(chmod(folder.path.string, 0o755) == 0)
        try Files.makeFolder(store.temporaryFolder.appending("of-root/inner"))
        try AtomicFile.write([], to: store.temporaryFolder.appending("of-root/inner/file"))
        try Files.makeFolder(store.temporaryFolder.appending("of-nobody"))
        try await requireTool("chown", ["nobody", "\(path)/ovenbird/tmp", "\(path)/ovenbird/tmp/of-nobody"])
        try await requireTool("chmod", ["-R", "a+rwX", "\(path)/ovenbird/locks", "\(path)/ovenbird"])
        try await requireTool("chmod", ["-R", "go-w", "\(path)/ovenbird/tmp/of-root"])
        await #expect(processExitsWith: .exitCode(9)) { [path = path as String] in
            guard setgid(65_534) == 0, setuid(65_534) == 0 else { exit(3) }
            let errors = try ArtifactStore.open(at: FilePath(path), mode: .readWrite).removeStaleWork()
            let expected = "cannot remove '\(path)/ovenbird/tmp/of-root/inner': Permission denied"
            exit(
                errors.first?.description == expected && !Files.exists(FilePath("\(path)/ovenbird/tmp/of-nobody"))
                    ? 9 : 8
            )
        }
    }
}
