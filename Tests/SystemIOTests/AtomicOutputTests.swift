import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SystemIO

@Suite("A large output that appears whole") struct AtomicOutputTests {
    private struct Stop: Error {}

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var names: [String] {
        get throws { try Files.names(in: folder.path).map(\.string) }
    }

    @Test func `a file is there when it is whole, and not before`() throws {
        let path = folder.file("deep/out")
        let size = try AtomicOutput.file(path) { file in
            try file.write(Array("content".utf8))
            #expect(!Files.exists(path))
            return 7
        }
        #expect(size == 7)
        #expect(try Files.read(path) == Array("content".utf8))
        #expect(try Files.names(in: folder.file("deep")).map(\.string) == ["out"])
    }

    @Test func `a file that fails leaves the old one`() throws {
        try folder.write("old", to: "out")
        #expect(throws: Stop.self) {
            try AtomicOutput.file(folder.file("out")) { file in
                try file.write([1])
                throw Stop()
            }
        }
        #expect(try Files.read(folder.file("out")) == Array("old".utf8))
        #expect(try names == ["out"])
        try folder.makeFolder("place")
        let error = #expect(throws: SystemError.self) { try AtomicOutput.file(folder.file("place")) { _ in } }
        #expect(error?.description == "cannot write '\(folder.file("place"))': Is a directory")
    }

    @Test func `a folder is put into its place, and replaces one only if it may`() throws {
        let path = folder.file("out")
        try AtomicOutput.folder(path) { place in
            try AtomicFile.write([1], to: place.appending("one"))
            #expect(!Files.exists(path))
        }
        #expect(try FileStatus.ofExisting(path)?.mode == 0o755)
        let error = #expect(throws: SystemError.self) {
            try AtomicOutput.folder(path) { _ in Issue.record("filled what cannot be placed") }
        }
        #expect(error?.description == "cannot write '\(path)': File exists")
        try AtomicOutput.folder(path, replaces: true) { try AtomicFile.write([2], to: $0.appending("two")) }
        #expect(try Files.names(in: path).map(\.string) == ["two"])
        #expect(try names == ["out"])
    }

    @Test func `a folder that fails leaves the old one`() throws {
        try folder.write("old", to: "out/old")
        #expect(throws: Stop.self) {
            try AtomicOutput.folder(folder.file("out"), replaces: true) { place in
                try AtomicFile.write([1], to: place.appending("new"))
                throw Stop()
            }
        }
        #expect(try Files.names(in: folder.file("out")).map(\.string) == ["old"])
        #expect(try names == ["out"])
    }

    @Test func `an old folder that cannot be removed is told, and the new one is in its place`() throws {
        try folder.write("old", to: "out/old")
        let refusal = SystemError("remove", "old", .notPermitted)
        var told: (path: FilePath, error: SystemError)?
        let value = try AtomicOutput.folder(
            folder.file("out"),
            replaces: true,
            leftover: { told = ($0, $1) },
            remove: { _ in [refusal] },
            { place in
                try AtomicFile.write([1], to: place.appending("new"))
                return "made"
            }
        )
        #expect(value == "made")
        #expect(try Files.names(in: folder.file("out")).map(\.string) == ["new"])
        #expect(told?.error == refusal)
        #expect(try told.map { try Files.names(in: $0.path).map(\.string) } == ["old"])
    }
}
