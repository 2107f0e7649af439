import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("A small file that appears whole") struct AtomicFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func text(_ name: String) throws -> String {
        String(decoding: try Files.read(folder.file(name)), as: UTF8.self)
    }

    @Test func `a new file gets the mode, and nothing is left beside it`() throws {
        try AtomicFile.write(Array("one".utf8), to: folder.file("file"), mode: 0o600)
        #expect(try text("file") == "one")
        #expect(try FileStatus.ofExisting(folder.file("file"))?.mode == 0o600)
        #expect(try Files.names(in: folder.path).map(\.string) == ["file"])
    }

    @Test func `what a dead process left beside it is removed, what a living one writes stays`() throws {
        let leftover = ".file.4194305.17.tmp"
        let living = ".file.4194305.18.tmp"
        let others = [
            ".file.tmp", ".file.1.tmp", ".file.1.2.3.tmp", ".file.1.x.tmp", ".other.4194305.17.tmp", "file.1.2.tmp",
        ]
        for name in [leftover, living] + others { try folder.write("half", to: name) }
        let lock = try #require(try FileLock.tryAcquire(folder.file(living), .exclusive))
        try AtomicFile.write(Array("one".utf8), to: folder.file("file"))
        #expect(try Set(Files.names(in: folder.path).map(\.string)) == Set(["file", living] + others))
        lock.release()
        TemporaryFile.removeLeftovers(of: folder.file("file"))
        #expect(try Set(Files.names(in: folder.path).map(\.string)) == Set(["file"] + others))
        try folder.write("half", to: ".large.4194305.17.tmp")
        try AtomicOutput.file(folder.file("large")) { try $0.write(Array("two".utf8)) }
        #expect(try Set(Files.names(in: folder.path).map(\.string)) == Set(["file", "large"] + others))
    }

    @Test func `many at once at one place do not disturb each other`() async throws {
        let place = folder.file("file")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    for _ in 0..<50 { try AtomicFile.write(Array("\(number)".utf8), to: place) }
                }
            }
            try await group.waitForAll()
        }
        #expect(try Files.names(in: folder.path).map(\.string) == ["file"])
    }

    @Test func `who has the old file open goes on reading it`() throws {
        try AtomicFile.write(Array("old".utf8), to: folder.file("file"))
        let reader = try Descriptor.openForReading(folder.file("file"))
        try AtomicFile.write(Array("new".utf8), to: folder.file("file"))
        #expect(try reader.readAll(limit: 100) == Array("old".utf8))
        #expect(try text("file") == "new")
    }

    @Test func `an existing file keeps its permission bits`() throws {
        try folder.write("old", to: "file", mode: 0o640)
        #expect(chmod(folder.file("file").string, 0o4750) == 0)
        try AtomicFile.write(Array("new".utf8), to: folder.file("file"))
        #expect(try FileStatus.ofExisting(folder.file("file"))?.mode == 0o4750)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root")) func `an existing file keeps its owner`() throws {
        try folder.write("old", to: "file")
        #expect(chown(folder.file("file").string, 33, 44) == 0)
        try AtomicFile.write(Array("new".utf8), to: folder.file("file"))
        let status = try #require(try FileStatus.ofExisting(folder.file("file")))
        #expect((status.owner, status.group, status.mode) == (33, 44, 0o644))
    }

    @Test func `a symlink is replaced, and what it leads to stays`() throws {
        try folder.write("mine", to: "target")
        #expect(symlink("target", folder.file("link").string) == 0)
        #expect(try Files.resolved(folder.file("link")).lastComponent == "target")
        try AtomicFile.write(Array("new".utf8), to: folder.file("link"))
        #expect(try text("target") == "mine")
        #expect(try FileStatus.ofExisting(folder.file("link"))?.kind == .regular)
    }

    @Test func `what cannot be written is named, and leaves nothing`() throws {
        let missing = folder.file("none/file")
        let error = #expect(throws: SystemError.self) { try AtomicFile.write([1], to: missing) }
        #expect(error?.action == "open")
        #expect(error?.code == .noSuchFileOrDirectory)
        try folder.makeFolder("folder")
        let other = #expect(throws: SystemError.self) { try AtomicFile.write([1], to: folder.file("folder")) }
        #expect(other?.description.hasSuffix("Is a directory") == true)
        #expect(try Files.names(in: folder.path).map(\.string) == ["folder"])
    }

    @Test func `a path that leads nowhere cannot be resolved`() throws {
        let error = #expect(throws: SystemError.self) { try Files.resolved(folder.file("none")) }
        #expect(error?.description == "cannot find '\(folder.file("none"))': No such file or directory")
    }

    @Test func `a file without a name is gone with its descriptor`() throws {
        let file = try Descriptor.openUnnamed(in: folder.path)
        #expect(try Files.names(in: folder.path).isEmpty)
        #expect(try file.status().mode == 0o600)
        try file.write(Array("one".utf8))
        try file.write(Array("two".utf8))
        var bytes = [UInt8](repeating: 0, count: 6)
        #expect(try bytes.withUnsafeMutableBytes { (room) in try file.read(into: room, at: 0) } == 6)
        #expect(bytes == Array("onetwo".utf8))
        #expect(throws: SystemError.self) { try Descriptor.openUnnamed(in: folder.file("none")) }
    }
}
