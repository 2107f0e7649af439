import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

@Suite("Sharing downloaded packages")
struct PackageCacheTests {
    private let folder: TemporaryFolder
    private let cache: PackageCache

    init() throws {
        folder = try TemporaryFolder()
        cache = PackageCache(folder: try folder.makeFolder("cache"))
    }

    private func digest(_ text: String) -> String { Digester.digest(of: text).hex }

    @Test func `packages are kept under the digest of their content, as copies`() throws {
        try folder.write("deb", to: "run/a_1_all.deb")
        try folder.write("other", to: "run/b_1_all.deb")
        try folder.write("no package", to: "run/pkgcache.bin")
        try folder.write("", to: "run/empty.deb")
        try folder.write("half", to: "run/partial/c.deb")
        try folder.write("secret", to: "outside")
        try folder.makeFolder("run/folder.deb")
        #expect(symlink("../outside", folder.file("run/link.deb").string) == 0)
        #expect(mkfifo(folder.file("run/fifo.deb").string, 0o600) == 0)
        try cache.take(from: folder.file("run"))
        #expect(try Files.names(in: cache.folder).map(\.string) == [digest("deb"), digest("other")].sorted())
        // A script that still writes to the file of its run changes nothing for others.
        let own = try Descriptor.open(folder.file("run/a_1_all.deb"), flags: O_WRONLY)
        try own.write(Array("EVIL".utf8))
        #expect(try Files.read(cache.folder.appending(digest("deb"))) == Array("deb".utf8))
    }

    /// A run's script with an apt that asks for two packages, one of which is in the cache, and one damaged there.
    @Test func `a run takes what its own indexes ask for, and nothing damaged`() async throws {
        try folder.write("deb", to: "cache/\(digest("deb"))")
        try folder.write("EVI", to: "cache/\(digest("bad"))")
        try folder.makeFolder("archives")
        let lines = [
            "'http://m.example/a_1%3a2_all.deb' a_1%3a2_all.deb 3 SHA256:\(digest("deb"))",
            "'http://m.example/b_1_all.deb' b_1_all.deb 3 SHA256:\(digest("bad"))",
            "'http://m.example/c_1_all.deb' c_1_all.deb 3 SHA256:\(digest("none"))",
            "'file:/run/d.deb' d.deb 3 ", "'http://m.example/e.deb' e.deb 3 MD5Sum:../archives",
        ]
        try folder.write(
            "#!/bin/sh\necho \"$*\" > \(folder.file("asked"))\ncat \(folder.file("uris"))\n",
            to: "bin/apt-get",
            mode: 0o755
        )
        try folder.write(lines.map { $0 + "\n" }.joined(), to: "uris")
        let script = PackagesPlan.fill(
            "a 'b c'",
            from: cache.folder.string,
            to: folder.file("archives").string
        )
        try await requireTool(
            "sh",
            ["-ec", script],
            environment: ["PATH": "\(folder.file("bin")):/usr/bin:/bin"]
        )
        #expect(try Files.names(in: folder.file("archives")).map(\.string) == ["a_1%3a2_all.deb"])
        #expect(try Files.read(folder.file("archives/a_1%3a2_all.deb")) == Array("deb".utf8))
        #expect(
            try Files.read(folder.file("asked"))
                == Array(
                    "install --yes --quiet=2 --print-uris --option=Acquire::ForceHash=SHA256 -- a b c\n".utf8
                )
        )
    }
}
