import Glibc
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct FileDigestTests {
    private let folder: TemporaryFolder
    private let store: ArtifactStore
    private let content = Digester.digest(of: "content")

    init() throws {
        folder = try TemporaryFolder()
        store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
    }

    private func status(_ path: FilePath) throws -> FileStatus { try #require(try FileStatus.ofExisting(path)) }

    @Test func `every fact about the file must agree`() throws {
        let file = try folder.write("content", to: "a")
        let known = KnownFileDigest(digest: content, status: try status(file))
        #expect(known.matches(try status(file)))
        // Same size and, set back by hand, the same modification time: only the change time tells.
        let before = try status(file)
        let descriptor = try Descriptor.open(file, flags: O_WRONLY)
        try descriptor.write(Array("CONTENT".utf8))
        var times = [
            timespec(tv_sec: Int(before.modified / 1_000_000_000), tv_nsec: Int(before.modified % 1_000_000_000)),
            timespec(tv_sec: Int(before.modified / 1_000_000_000), tv_nsec: Int(before.modified % 1_000_000_000)),
        ]
        #expect(futimens(descriptor.raw, &times) == 0)
        let after = try status(file)
        #expect(after.modified == before.modified)
        #expect(after.size == before.size)
        #expect(!known.matches(after))
        // Replaced by a file of the same size: another inode.
        let replaced = try folder.write("content", to: "a")
        #expect(!known.matches(try status(replaced)))
        #expect(!known.matches(try status(folder.path)))
    }

    @Test func `a digest that may hide a later change is not kept`() throws {
        let file = try folder.write("content", to: "a")
        let status = try status(file)
        let known = KnownFileDigest(digest: content, status: status)
        let millisecond: Int64 = 1_000_000
        #expect(known.isRacy(hashedAt: status.changed))
        #expect(known.isRacy(hashedAt: status.changed + 49 * millisecond))
        #expect(known.isRacy(hashedAt: status.changed - 1000 * millisecond))
        #expect(!known.isRacy(hashedAt: status.changed + 51 * millisecond))
        try store.recordFileDigests([file: known], hashedAt: status.changed + 10 * millisecond)
        #expect(try store.fileDigest(file) == nil)
        try store.recordFileDigests([file: known], hashedAt: status.changed + 1000 * millisecond)
        #expect(try store.fileDigest(file) == known)
    }

    @Test func `one query gives all below a folder and nothing beside it`() throws {
        let file = try folder.write("content", to: "a")
        let status = try status(file)
        let known = KnownFileDigest(digest: content, status: status)
        let inside: [FilePath] = ["/w/site/a", "/w/site/b/c", "/w/site/é \u{1b}", try odd()]
        let outside: [FilePath] = ["/w/site", "/w/site-2/a", "/w/site0", "/w/sit", "/x"]
        try store.recordFileDigests(
            Dictionary((inside + outside).map { ($0, known) }) { first, _ in first },
            hashedAt: status.changed + 1_000_000_000
        )
        let found = try store.fileDigests(under: "/w/site")
        #expect(Set(found.keys) == Set(inside))
        #expect(found.values.allSatisfy { $0 == known })
        #expect(try store.fileDigests(under: "/").count == 9)
        #expect(try store.fileDigests(under: "/nothing").isEmpty)
    }

    /// A name that is not UTF-8.
    private func odd() throws -> FilePath {
        let bytes: [CChar] = Array("/w/site/".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
        return try #require(bytes.withUnsafeBufferPointer { $0.baseAddress.map { FilePath(platformString: $0) } })
    }

    @Test func `many files are one transaction`() throws {
        let file = try folder.write("content", to: "a")
        let status = try status(file)
        let known = KnownFileDigest(digest: content, status: status)
        let many = Dictionary(
            uniqueKeysWithValues: (0..<20_000).map { (FilePath("/many/folder-\($0 % 100)/file-\($0)"), known) }
        )
        try store.recordFileDigests(many, hashedAt: status.changed + 1_000_000_000)
        #expect(try store.fileDigests(under: "/many").count == 20_000)
        #expect(try store.fileDigests(under: "/many/folder-7").count == 200)
    }

    @Test func `files that are no more are forgotten`() throws {
        let file = try folder.write("content", to: "site/a")
        let known = KnownFileDigest(digest: content, status: try status(file))
        let gone = folder.file("site/gone")
        let elsewhere = folder.file("other/gone")
        try store.recordFileDigests(
            [file: known, gone: known, elsewhere: known],
            hashedAt: known.changed + 1_000_000_000
        )
        try store.forgetVanishedFiles(under: folder.file("site"))
        #expect(try Set(store.fileDigests(under: folder.path).keys) == [file, elsewhere])
    }
}
