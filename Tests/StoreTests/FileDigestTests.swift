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

    @Test func `what was seen is found below its folder and nothing beside it`() throws {
        let inside =
            ["/w/site", "/w/site/a", "/w/site/b/c", "/w/site/\u{e9} \u{1b}"].map { Array($0.utf8) } + [
                Array("/w/site/".utf8) + [0xff]
            ]
        let outside = ["/w/site-2/a", "/w/site0", "/w/sit", "/x"].map { Array($0.utf8) }
        try store.recordSeenInputs((inside + outside).map { ($0, $0.reversed()) })
        func seen(_ folder: FilePath) throws -> Set<[UInt8]> {
            var paths: Set<[UInt8]> = []
            try store.forEachSeenInput(under: folder) { path, seen in
                #expect(seen == path.reversed())
                #expect(paths.insert(path).inserted)
            }
            return paths
        }
        #expect(try seen("/w/site") == Set(inside))
        #expect(try seen("/").count == 9)
        #expect(try seen("/nothing").isEmpty)
        try store.recordSeenInputs([(path: inside[0], seen: [])])
        #expect(throws: Never.self) {
            try store.forEachSeenInput(under: "/w/site/a") { #expect($0 == inside[1] && !$1.isEmpty) }
        }
    }

    @Test func `what is no more is forgotten`() throws {
        let file = try folder.write("content", to: "site/a")
        let paths = [file, folder.file("site/gone"), folder.file("other/gone")].map { Array($0.string.utf8) }
        try store.recordSeenInputs(paths.map { (path: $0, seen: [1]) })
        try store.forgetVanishedInputs(under: folder.file("site"))
        var kept: Set<[UInt8]> = []
        try store.forEachSeenInput(under: folder.path) { path, _ in kept.insert(path) }
        #expect(kept == [paths[0], paths[2]])
    }
}
