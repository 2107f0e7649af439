import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("Opening a file inside a folder") struct OpenBeneathTests {
    private let folder: TemporaryFolder
    private let inside: Descriptor

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("secret", to: "outside")
        try folder.write("mine", to: "inside/deep/file")
        inside = try Descriptor.openFolder(folder.file("inside"))
    }

    private func link(_ name: String, _ target: String) {
        #expect(symlink(target, folder.file("inside/\(name)").string) == 0)
    }

    @Test func `a file, and a symlink that stays inside`() throws {
        link("way", "deep/../deep/file")
        for path: FilePath in ["deep/file", "way", "deep/../deep/file"] {
            #expect(try inside.openBeneath(path).readAll(limit: 10) == Array("mine".utf8))
        }
    }

    @Test(arguments: ["../outside", "/etc/passwd", "up", "absolute", "deep/../../outside"])
    func `what leads out is refused by the kernel`(_ path: String) throws {
        link("up", "../outside")
        link("absolute", folder.file("outside").string)
        let error = #expect(throws: SystemError.self) { try inside.openBeneath(FilePath(path)) }
        #expect(error?.code == .improperLink)
    }

    @Test func `what is no file is refused without waiting`() throws {
        #expect(mkfifo(folder.file("inside/fifo").string, 0o600) == 0)
        let fifo = #expect(throws: SystemError.self) { try inside.openBeneath("fifo") }
        #expect(fifo?.code == .notSupported)
        let deep = #expect(throws: SystemError.self) { try inside.openBeneath("deep") }
        #expect(deep?.description == "cannot read '\(folder.file("inside/deep"))': Is a directory")
        let none = #expect(throws: SystemError.self) { try inside.openBeneath("none") }
        #expect(none?.description == "cannot open '\(folder.file("inside/none"))': No such file or directory")
    }

    @Test func `paths in text are split by bytes`() {
        // A slash and a combining acute accent are one Character.
        let text = "/a/\u{301}b/../c"
        #expect(text.pathComponents.map { Array($0.utf8) } == ["a", "\u{301}b", "..", "c"].map { Array($0.utf8) })
        #expect("/\u{301}x".isAbsolutePath)
        #expect(!"x/".isAbsolutePath)
        #expect("/proc/\u{301}".startsWithBytes(of: "/proc/"))
        #expect(!"e\u{301}".hasSameBytes(as: "\u{e9}"))
    }
}
