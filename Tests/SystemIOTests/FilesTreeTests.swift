import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct FilesTreeTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `removes a tree with closed folders, and what is not there`() throws {
        let tree = folder.file("tree")
        try folder.write("x", to: "tree/closed/inner/file")
        #expect(chmod(tree.appending("closed/inner").string, 0) == 0)
        #expect(chmod(tree.appending("closed").string, 0o500) == 0)
        #expect(Files.removeTree(tree).isEmpty)
        #expect(!Files.exists(tree))
        #expect(Files.removeTree(tree).isEmpty)
        #expect(Files.removeTree(folder.file("none/none")).isEmpty)
    }

    @Test func `row 26: removes symlinks and not what they name`() throws {
        try folder.write("mine", to: "precious/file")
        try folder.makeFolder("tree")
        #expect(symlink(folder.file("precious").string, folder.file("tree/link").string) == 0)
        #expect(symlink(folder.file("precious").string, folder.file("top").string) == 0)
        #expect(Files.removeTree(folder.file("tree")).isEmpty)
        #expect(Files.removeTree(folder.file("top")).isEmpty)
        #expect(Files.exists(folder.file("precious/file")))
        #expect(try FileStatus.ofExisting(folder.file("top")) == nil)
    }

    @Test func `removes a tree that is deeper than paths and descriptors go`() throws {
        var here = try Descriptor.openFolder(try folder.makeFolder("deep"))
        for _ in 0..<3000 {
            #expect(mkdirat(here.raw, "d", 0o700) == 0)
            let raw = openat(here.raw, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            here = Descriptor(adopting: raw, path: "d")
        }
        #expect(Files.removeTree(folder.file("deep")).isEmpty)
        #expect(try Files.names(in: folder.path).isEmpty)
    }

    @Test func `a deep tree takes few descriptors`() async throws {
        await #expect(processExitsWith: .success) { [text = folder.file("deep").string as String] in
            let path = FilePath(text)
            try Files.makeFolder(path)
            var here = try Descriptor.openFolder(path)
            for _ in 0..<1000 {
                try here.makeFolder(named: Array("d".utf8), mode: 0o700)
                try here.makeFolder(named: Array("side".utf8), mode: 0o700)
                here = try here.openBelow(Array("d".utf8), flags: O_RDONLY | O_DIRECTORY)
            }
            var limit = rlimit(rlim_cur: 160, rlim_max: 160)
            guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { exit(3) }
            let errors = Files.removeTree(path)
            guard errors.isEmpty, !Files.exists(path) else { exit(4) }
        }
        #expect(try Files.names(in: folder.path).isEmpty)
    }

    @Test func `several make the same folders at once`() async throws {
        for round in 0..<50 {
            let path = folder.file("\(round)/a/b/c")
            try await withThrowingTaskGroup { group in
                for _ in 0..<4 { group.addTask { try Files.makeFolder(path) } }
                try await group.waitForAll()
            }
            #expect(Files.exists(path))
        }
    }

    @Test func `a folder that cannot be made is named`() throws {
        let error = #expect(throws: SystemError.self) { try Files.makeFolder("/proc/ovenbird/inner") }
        #expect(error?.description == "cannot make the folder '/proc/ovenbird': No such file or directory")
        let file = try folder.write("x", to: "file")
        let other = #expect(throws: SystemError.self) { try Files.makeFolder(file.appending("inner")) }
        #expect(other?.description == "cannot make the folder '\(file)/inner': Not a directory")
    }

    @Test func `renames only where nothing is`() throws {
        try folder.write("1", to: "a")
        try folder.write("2", to: "b")
        #expect(try !Files.renameIfAbsent(folder.file("a"), to: folder.file("b")))
        #expect(try Files.read(folder.file("b")) == Array("2".utf8))
        #expect(try Files.renameIfAbsent(folder.file("a"), to: folder.file("c")))
        #expect(!Files.exists(folder.file("a")))
        let error = #expect(throws: SystemError.self) {
            try Files.renameIfAbsent(folder.file("a"), to: folder.file("d"))
        }
        #expect(
            error?.description
                == "cannot rename to '\(folder.file("d"))' '\(folder.file("a"))': No such file or directory"
        )
    }
}
