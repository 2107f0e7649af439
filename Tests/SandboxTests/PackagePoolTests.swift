import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

@Suite("Sharing downloaded packages")
struct PackagePoolTests {
    private let folder: TemporaryFolder
    private let pool: PackagePool

    init() throws {
        folder = try TemporaryFolder()
        pool = PackagePool(cache: folder.file("cache"))
    }

    private func package(_ name: String, _ content: String, uri: String = "http://m.example/pool/a.deb")
        -> BinaryPackage
    {
        BinaryPackage(
            name: name,
            version: "1",
            architecture: "all",
            size: Int64(content.utf8.count),
            digest: Digester.digest(of: content),
            uri: uri
        )
    }

    @Test func `packages are kept under the digest of their content, as copies`() throws {
        try folder.write("deb", to: "run/a_1_all.deb")
        try folder.write("secret", to: "outside")
        try folder.makeFolder("run/folder.deb")
        #expect(symlink("../outside", folder.file("run/link.deb").string) == 0)
        #expect(mkfifo(folder.file("run/fifo.deb").string, 0o600) == 0)
        for name in ["folder", "link", "fifo"] { #expect(try pool.take(folder.file("run/\(name).deb")) == nil) }
        let taken = try #require(try pool.take(folder.file("run/a_1_all.deb")))
        #expect(taken.digest == Digester.digest(of: "deb") && taken.size == 3)
        // A script that still writes to the file of its run changes nothing for others.
        let own = try Descriptor.open(folder.file("run/a_1_all.deb"), flags: O_WRONLY)
        try own.write(Array("EVIL".utf8))
        let target = try folder.makeFolder("repository")
        #expect(try pool.copy([package("a", "deb"), package("b", "other")], to: target).map(\.name) == ["b"])
        #expect(try Files.names(in: target).map(\.string) == ["\(Digester.digest(of: "deb").hex).deb"])
    }

    @Test func `a damaged package is one that is not there`() throws {
        let place = "cache/apt/packages/\(Digester.digest(of: "deb").hex)"
        try folder.write("DEB", to: place)
        let target = try folder.makeFolder("repository")
        #expect(try pool.copy([package("a", "deb")], to: target).map(\.name) == ["a"])
        #expect(try Files.names(in: target).isEmpty)
        #expect(!Files.exists(folder.file(place)))
    }

    @Test func `what apt prints is read, without what it says of users and of the step's own files`() {
        let hex = Digester.digest(of: "x").hex
        let line = PrintedURI("'http://me:secret@m.example/pool/a_1.deb' a_2%3a1%2b_all.deb 3 SHA256:\(hex)")
        #expect(line?.uri == "http://m.example/pool/a_1.deb")
        #expect(line?.name == "a" && line?.version == "2:1%2b" && line?.architecture == "all")
        #expect(line?.digest == Digester.digest(of: "x"))
        #expect(PrintedURI("'file:/run/ovenbird/packages/1-a_1_all.deb' a_1_all.deb 3 ") == nil)
        #expect(PrintedURI("'http://m.example/a_1_all.deb' a_1_all.deb 3 MD5Sum:../archives")?.digest == nil)
        #expect(PrintedURI("Reading package lists...") == nil)
    }

    @Test func `downloads try this host's mirrors, then where a package was`() throws {
        let downloads = PackageDownloads(
            packages: [
                package("a", "a", uri: "http://old.example/debian/pool/main/a.deb"),
                package("b", "b", uri: "http://m.example/debian/pool/main/b.deb"),
                package("c", "c", uri: "file:/srv/c.deb"),
            ],
            mirrors: ["http://m.example/debian/"]
        )
        try downloads.writeLists(in: folder.file("downloads"))
        func lines(_ name: String) throws -> [String] {
            String(decoding: try Files.read(folder.file("downloads/\(name)")), as: UTF8.self).split(separator: "\n")
                .map { $0.split(separator: " ").first.map(String.init) ?? "" }
        }
        #expect(
            try lines("round-100") == [
                "http://m.example/debian/pool/main/a.deb", "http://m.example/debian/pool/main/b.deb", "copy:/srv/c.deb",
            ]
        )
        #expect(try lines("round-101") == ["http://old.example/debian/pool/main/a.deb"])
    }

    @Test func `what cannot be had is named`() {
        #expect(
            PinnedPackagesError.unavailable([package("a", "a")]).description
                == "neither in the package cache nor at its mirror any more: 'a' 1 (all) from 'http://m.example/pool/a.deb'"
        )
        #expect(PackageRepository.uri(of: "/a b/c%") == "copy:/a%20b/c%25")
        #expect(
            DebianRootRun.priorities("Package: a\nVersion: 1\nArchitecture: all\nPriority: important\nPackage: b\n")
                == ["a 1 all": "important"]
        )
    }
}
