import Bakefiles
import Glibc
import Planning
import SystemIO
import SystemPackage
import Testing
import TestSupport

@Suite("What a step reads")
struct InputScannerTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("index", to: "site/index.html")
        try folder.write("logo", to: "site/img/logo.svg")
    }

    private func scan(
        _ path: String,
        excluding patterns: [String] = [],
        contexts: [String: FilePath] = [:],
        threads: Int = 2,
        recall: @escaping InputScanner.Recall = { _ in nil },
        learn: @escaping InputScanner.Learn = { _ in }
    ) throws -> InputTree {
        let scanner = InputScanner(
            folder: folder.path,
            contexts: contexts,
            threads: threads,
            recall: recall,
            learn: learn
        )
        return try scanner.scan(InputPath(path: path), excluding: patterns)
    }

    private func change(_ name: String, _ body: (UnsafePointer<CChar>) -> Int32) {
        #expect(folder.file(name).withPlatformString(body) == 0)
    }

    @Test func `a listing is golden`() throws {
        try folder.write("#!", to: "site/a b", mode: 0o755)
        change("site/link") { symlink("../img/logo.svg", $0) }
        try folder.write("", to: "site/ü%")
        let index = Digester.digest(of: "index").hex
        let logo = Digester.digest(of: "logo").hex
        #expect(
            try scan("site").lines.joined() == """
                d - 
                x \(Digester.digest(of: "#!").hex) a%20b
                d - img
                f \(logo) img/logo.svg
                f \(index) index.html
                l ../img/logo.svg link
                f \(Digester.digest(of: "").hex) ü%25

                """
        )
    }

    @Test func `owner, times and permission bits other than execute do not count`() throws {
        let before = try scan("site").digest
        change("site/index.html") { utimes($0, [timeval(tv_sec: 1, tv_usec: 0), timeval(tv_sec: 1, tv_usec: 0)]) }
        change("site/index.html") { chmod($0, 0o640) }
        change("site/img") { chmod($0, 0o700) }
        if getuid() == 0 { change("site/index.html") { chown($0, 33, 33) } }
        #expect(try scan("site").digest == before)
    }

    @Test func `names, content, execute bit, kind and link target count`() throws {
        change("site/link") { symlink("a", $0) }
        var seen: Set<Digest> = [try scan("site").digest]
        func expectNew(_ what: String) throws {
            #expect(seen.insert(try scan("site").digest).inserted, "\(what)")
        }
        try folder.write("indey", to: "site/index.html")
        try expectNew("one byte")
        change("site/index.html") { chmod($0, 0o744) }
        try expectNew("the execute bit")
        change("site/link") { unlink($0) }
        change("site/link") { symlink("b", $0) }
        try expectNew("the target of a link")
        change("site/link") { unlink($0) }
        try folder.write("b", to: "site/link")
        try expectNew("a file in the place of a link")
        try folder.makeFolder("site/empty")
        try expectNew("an empty folder")
        try Files.rename(folder.file("site/empty"), to: folder.file("site/void"))
        try expectNew("a name")
    }

    @Test func `a file and a folder of one file are different inputs`() throws {
        #expect(try scan("site/img").digest != scan("site/img/logo.svg").digest)
        #expect(try scan("site/img").isDirectory)
        #expect(try !scan("site/img/logo.svg").isDirectory)
    }

    @Test func `exclusions leave out, and folders stay for what is taken back`() throws {
        try folder.write("keep", to: "site/img/keep.svg")
        func paths(_ patterns: [String]) throws -> [String] {
            try scan("site", excluding: patterns).entries.map { String(decoding: $0.path, as: UTF8.self) }
        }
        #expect(try paths(["img"]) == ["", "index.html"])
        #expect(try paths(["img", "!img/keep.svg"]) == ["", "img", "img/keep.svg", "index.html"])
        #expect(try paths(["**", "!**/*.txt"]) == [""])
        #expect(try paths(["**/*.svg"]) == ["", "img", "index.html"])
    }

    @Test func `the source itself may be a symlink that stays inside`() throws {
        change("current") { symlink("site", $0) }
        change("site/home.html") { symlink("index.html", $0) }
        #expect(try scan("current").digest == scan("site").digest)
        #expect(try scan("current/home.html").digest == scan("site/index.html").digest)
    }

    @Test func `symlinks below the source are stored and not followed`() throws {
        change("site/passwd") { symlink("/etc/passwd", $0) }
        let entries = try scan("site").entries
        #expect(entries.contains { $0.content == .symlink(target: Array("/etc/passwd".utf8)) })
    }

    @Test(arguments: ["/etc/passwd", "../../../../../etc/passwd", "/"])
    func `row 22: a source that a symlink leads out of its folder is refused`(_ target: String) throws {
        change("out") { symlink(target, $0) }
        #expect(throws: InputProblem.escapes(name: "out")) { try scan("out") }
        change("chain") { symlink("out", $0) }
        #expect(throws: InputProblem.escapes(name: "chain")) { try scan("chain") }
    }

    @Test func `row 10: FIFOs, sockets and devices are refused without waiting for them`() throws {
        try folder.makeFolder("odd")
        change("odd/fifo") { mkfifo($0, 0o644) }
        #expect(throws: InputProblem.unusable(name: "fifo", kind: .fifo)) { try scan("odd") }
        #expect(throws: InputProblem.unusable(name: "odd/fifo", kind: .fifo)) { try scan("odd/fifo") }
        #expect(try scan("odd", excluding: ["fifo"]).entries.count == 1)
        let location = folder.file("odd/socket")
        change("odd/socket") { mknod($0, S_IFSOCK | 0o644, 0) }
        #expect(throws: InputProblem.unusable(name: "odd/socket", kind: .socket)) { try scan("odd/socket") }
        try Files.removeFile(location)
    }

    @Test func `what is not there is missing`() throws {
        #expect(throws: InputProblem.missing(name: "nowhere")) { try scan("nowhere") }
        #expect(throws: SystemError.self) { try scan("site/index.html/inner") }
    }

    @Test func `a context is a folder of its own`() throws {
        let other = try TemporaryFolder()
        try other.write("logo", to: "logo.svg")
        let scanner = InputScanner(folder: folder.path, contexts: ["assets": other.path])
        let tree = try scanner.scan(InputPath(context: "assets", path: "logo.svg"))
        #expect(try tree.digest == scan("site/img/logo.svg").digest)
    }

    /// Wide and deep, so that its folders are visited by several threads, with an exclusion that is partly taken back.
    @Test func `any number of threads finds the same`() throws {
        for number in 0..<40 {
            try folder.write("a \(number)", to: "wide/f\(number)/a")
            try folder.write("b", to: "wide/f\(number)/deep/er/b")
            try folder.write("c", to: "wide/f\(number).txt")
        }
        try folder.write("kept", to: "wide/f7/gone/kept")
        try folder.write("not", to: "wide/f8/gone/not")
        change("wide/f9/link") { symlink("../f8", $0) }
        let patterns = ["**/gone", "!f7/gone/kept", "f3"]
        let one = try scan("wide", excluding: patterns, threads: 1)
        for threads in [2, 3, 64] {
            #expect(try scan("wide", excluding: patterns, threads: threads).lines.elementsEqual(one.lines))
        }
        let names = Set(one.entries.map { String(decoding: $0.path, as: UTF8.self) })
        #expect(names.isSuperset(of: ["f7/gone", "f7/gone/kept", "f9/link", "f39/deep/er/b"]))
        #expect(names.isDisjoint(with: ["f8/gone", "f3", "f3/a"]))
        #expect(one.entries.map(\.path) == one.entries.map(\.path).sorted(by: inTreeOrder))
    }

    @Test func `the first mistake in order is told by any number of threads`() throws {
        for number in 0..<40 { try folder.write("a", to: "wide/f\(number)/a") }
        for name in ["f12/fifo", "f30/fifo"] { change("wide/\(name)") { mkfifo($0, 0o600) } }
        change("wide/f12/fifo") { rename($0, folder.file("wide/f12/one").string) }
        change("wide/f30/fifo") { rename($0, folder.file("wide/f30/two").string) }
        for threads in [1, 2, 64] {
            #expect(throws: InputProblem.unusable(name: "one", kind: .fifo)) { try scan("wide", threads: threads) }
        }
    }

    /// A folder's name that is no text has to be found again when its files are read.
    @Test func `what lies in a folder with a name of any bytes is read`() throws {
        let name: [CChar] = Array("/raw".utf8CString.dropLast()) + [CChar(bitPattern: 0xff), 0]
        let raw = Array(folder.file("site").string.utf8CString.dropLast()) + name
        #expect(mkdir(raw, 0o700) == 0)
        #expect(rename(folder.file("site/index.html").string, Array(raw.dropLast()) + "/x".utf8CString) == 0)
        #expect(try scan("site").lines.contains("f \(Digester.digest(of: "index").hex) raw%ff/x\n"))
    }

    private func inTreeOrder(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        let slash = UInt8(ascii: "/")
        return left.lexicographicallyPrecedes(right) { ($0 == slash ? 0 : $0) < ($1 == slash ? 0 : $1) }
    }

    @Test func `names that are no text have one spelling each`() {
        #expect(escaped([0x61, 0x0a, 0x62]) == "a%0ab")
        #expect(escaped([0xff, 0x61]) == "%ffa")
        #expect(escaped(Array("%ff".utf8)) == "%25ff")
        #expect(escaped(Array("é".utf8)) == "é")
    }
}
