import Bakefiles
import Glibc
import Planning
import Synchronization
import SystemIO
import SystemPackage
import Testing
import TestSupport

/// Folders that were made just now change again without showing it, so the system's own serve as what is settled, and a
/// copy of what was seen of others is made to look so.
@Suite("What a scan remembers of folders")
struct SeenFolderTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("index", to: "site/index.html")
        try folder.write("logo", to: "site/img/logo.svg")
    }

    /// Scans as one plan after another does: with what the last one has learned.
    private final class Memory: Sendable {
        let seen = Mutex<[[UInt8]: [UInt8]]>([:])
        let learned = Mutex<[String]>([])

        func scan(_ path: InputPath, in folder: FilePath, excluding patterns: [String] = []) throws -> InputTree {
            learned.withLock { $0 = [] }
            return try InputScanner(
                folder: folder,
                contexts: [:],
                recall: { path in self.seen.withLock { $0[path] }.flatMap { SeenFolder($0) } },
                learn: { inputs in
                    self.seen.withLock { seen in for input in inputs { seen[input.path] = input.seen.bytes } }
                    self.learned.withLock { $0 += inputs.map { String(decoding: $0.path, as: UTF8.self) } }
                }
            ).scan(path, excluding: patterns)
        }

        /// What the last scan has learned, sorted.
        var news: [String] { learned.withLock { $0.sorted() } }
    }

    /// Puts back the times of all in a folder, as they are long after a change, but for the change time, which is the
    /// kernel's: so waits until the clock of file times is far enough.
    private func settle(_ names: [String]) throws {
        while true {
            let newest = try names.compactMap { try FileStatus.ofExisting(folder.file($0))?.changed }.max() ?? 0
            if SystemClock.wall - newest > 60_000_000 { return }
            sched_yield()
        }
    }

    private let all = ["site", "site/img", "site/index.html", "site/img/logo.svg"]

    @Test func `what is as it was is learned once`() throws {
        try settle(all)
        let memory = Memory()
        let path = InputPath(path: "site")
        let first = try memory.scan(path, in: folder.path)
        #expect(memory.news == [folder.file("site").string, folder.file("site/img").string])
        #expect(try memory.scan(path, in: folder.path).lines.elementsEqual(first.lines))
        #expect(memory.news.isEmpty)
    }

    @Test func `content of files that look the same is not read`() throws {
        try settle(all)
        let memory = Memory()
        let path = InputPath(path: "site")
        _ = try memory.scan(path, in: folder.path)
        // The digest of the index, as if it were that of other content.
        let digest = bytes(of: Digester.digest(of: "index"))
        let other = Digester.digest(of: "other")
        memory.seen.withLock { seen in
            seen = seen.mapValues { replacing(digest, with: bytes(of: other), in: $0) }
        }
        #expect(try memory.scan(path, in: folder.path).lines.contains("f \(other.hex) index.html\n"))
        #expect(memory.news.isEmpty)
        try folder.write("index", to: "site/index.html")
        let read = "f \(Digester.digest(of: "index").hex) index.html\n"
        #expect(try memory.scan(path, in: folder.path).lines.contains(read))
    }

    @Test func `a folder is listed again when a name comes, goes or becomes something else`() throws {
        let memory = Memory()
        let path = InputPath(path: "site")
        func expectFresh(_ what: String) throws {
            let fresh = try Memory().scan(path, in: folder.path)
            #expect(try memory.scan(path, in: folder.path).lines.elementsEqual(fresh.lines), "\(what)")
            try settle(["site", "site/img"])
            #expect(try memory.scan(path, in: folder.path).lines.elementsEqual(fresh.lines), "\(what), and again")
        }
        try settle(all)
        try expectFresh("as it was")
        try folder.write("new", to: "site/img/a")
        try expectFresh("a new file")
        try Files.removeFile(folder.file("site/img/a"))
        try expectFresh("none of it")
        try folder.makeFolder("site/img/a")
        try expectFresh("a folder")
        #expect(rmdir(folder.file("site/img/a").string) == 0)
        #expect(symlink("logo.svg", folder.file("site/img/a").string) == 0)
        try expectFresh("a symlink")
        #expect(unlink(folder.file("site/img/a").string) == 0)
        #expect(symlink("other", folder.file("site/img/a").string) == 0)
        try expectFresh("another target")
        #expect(chmod(folder.file("site/index.html").string, 0o755) == 0)
        try expectFresh("a program")
        try Files.rename(folder.file("site/img"), to: folder.file("site/pictures"))
        try settle(["site", "site/pictures"])
        #expect(
            try memory.scan(path, in: folder.path).lines.elementsEqual(Memory().scan(path, in: folder.path).lines)
        )
    }

    /// A write in the same tick of the file system's clock leaves every time as it was.
    @Test func `a file that changed just now is not believed later`() throws {
        let memory = Memory()
        try folder.write("fresh", to: "site/index.html")
        let path = InputPath(path: "site/index.html")
        _ = try memory.scan(path, in: folder.path)
        #expect(memory.news.isEmpty)
        // The system's own files are older than any tick.
        _ = try memory.scan(InputPath(path: "env"), in: "/usr/bin")
        #expect(memory.news == ["/usr/bin/env"])
    }

    @Test func `whoever excludes less finds what another scan has read`() throws {
        try settle(all)
        let memory = Memory()
        let path = InputPath(path: "site")
        _ = try memory.scan(path, in: folder.path)
        _ = try memory.scan(path, in: folder.path, excluding: ["*.html"])
        #expect(memory.news.isEmpty)
        let whole = try memory.scan(path, in: folder.path)
        #expect(memory.news.isEmpty)
        #expect(whole.entries.count == 4)
    }

    @Test func `damaged bytes are nothing that was seen`() throws {
        try settle(all)
        let memory = Memory()
        let path = InputPath(path: "site")
        let first = try memory.scan(path, in: folder.path)
        let kept = memory.seen.withLock { $0 }
        for (_, seen) in kept {
            #expect(SeenFolder(seen) != nil)
            for length in 0..<seen.count where SeenFolder(Array(seen[..<length])) != nil {
                // A header, and whole entries, are whole.
                #expect(seen.count - length >= 82)
            }
            #expect(SeenFolder([2] + seen.dropFirst()) == nil)
            #expect(SeenFolder(seen.dropLast() + [1]) == nil)
        }
        memory.seen.withLock { $0 = $0.mapValues { _ in [1, 2, 3] } }
        #expect(try memory.scan(path, in: folder.path).lines.elementsEqual(first.lines))
    }

    private func bytes(of digest: Digest) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { room, count in
            digest.write(to: UnsafeMutableRawBufferPointer(room))
            count = 32
        }
    }

    private func replacing(_ old: [UInt8], with new: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        guard let range = bytes.firstRange(of: old) else { return bytes }
        return bytes[..<range.lowerBound] + new + bytes[range.upperBound...]
    }
}
