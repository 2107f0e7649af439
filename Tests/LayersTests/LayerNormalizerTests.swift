import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct LayerNormalizerTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func normalize(
        _ path: FilePath,
        _ options: LayerNormalizer.Options = .init(latestTime: 10)
    ) throws -> (written: WrittenLayer, entries: [(entry: TarEntry, content: [UInt8])]) {
        let output = folder.file("normal.tar")
        let flags: Int32 = 0o1102  // O_RDWR | O_CREAT | O_TRUNC
        var writer = try TarWriter.open(to: try Descriptor.open(output, flags: flags, mode: 0o644))
        try LayerNormalizer.normalize(
            try Descriptor.openForReading(path),
            name: "rootfs.tar",
            spool: try Descriptor.open(folder.file("spool"), flags: flags, mode: 0o600),
            options: options,
            into: &writer
        )
        return (try writer.finish(), try readTar(output))
    }

    private let samples: [Sample] = [
        .file("usr/bin/z", "zz", modified: 99), .hardLink("usr/bin/a", "usr/bin/z"),
        .hardLink("usr/bin/m", "usr/bin/a"),
        .folder("usr", mode: 0o700, modified: 5), .folder("usr/bin"), .symlink("b", "usr"), .folder(.root, mode: 0o711),
        .folder("usr", mode: 0o755, modified: 6),
    ]

    @Test func `entries are sorted, times clamped, and links turned to the first name`() throws {
        try writeTar(samples, to: folder.file("in.tar"))
        let (written, read) = try normalize(folder.file("in.tar"))
        #expect(
            read.map { "\($0.entry.path) \($0.entry.kind) \($0.entry.modified) \($0.entry.size)" } == [
                ". directory 0 0", "b symlink 0 0", "usr directory 6 0", "usr/bin directory 0 0",
                "usr/bin/a regular 10 2", "usr/bin/m hardLink 10 0", "usr/bin/z hardLink 10 0",
            ]
        )
        #expect(read[4].content == Array("zz".utf8))
        #expect(read[6].entry.hardLinkTarget == "usr/bin/a")
        #expect(try written.listing.isSelfContained(name: "normal"))
        // Normalising what is normal changes nothing.
        try Files.rename(folder.file("normal.tar"), to: folder.file("again.tar"))
        #expect(try normalize(folder.file("again.tar")).written.digest == written.digest)
    }

    @Test func `order, compression and sparse storage do not matter`() async throws {
        try writeTar(samples, to: folder.file("1.tar"))
        let first = try normalize(folder.file("1.tar")).written.digest
        try await requireTool("gzip", ["1.tar"], in: folder.path)
        #expect(try normalize(folder.file("1.tar.gz")).written.digest == first)

        try await requireTool(
            "sh",
            ["-ec", "mkdir d; truncate -s 1M d/hole; printf x >> d/hole; echo y > d/plain"],
            in: folder.path
        )
        let common = ["--owner=0", "--group=0", "--mtime=@5", "-cf"]
        try await requireTool("tar", ["-S"] + common + ["sparse.tar", "d/hole", "d/plain", "d"], in: folder.path)
        try await requireTool(
            "tar",
            ["--sort=name"] + common + ["plain.tar", "--no-recursion", "d", "d/hole", "d/plain"],
            in: folder.path
        )
        let sparse = try? normalize(folder.file("sparse.tar"))
        #expect(sparse == nil)  // 'd' brings its files a second time
        try await requireTool(
            "tar",
            ["-S"] + common + ["sparse.tar", "--no-recursion", "d/plain", "d/hole", "d"],
            in: folder.path
        )
        #expect(
            try normalize(folder.file("sparse.tar")).written.digest
                == normalize(folder.file("plain.tar")).written.digest
        )
    }

    @Test func `what is excluded goes with all below it, a link's content stays`() throws {
        try writeTar(samples, to: folder.file("in.tar"))
        let kept = try normalize(
            folder.file("in.tar"),
            .init(latestTime: 10, excludes: { $0 == "usr/bin/a" || $0 == "b" })
        )
        #expect(kept.entries.map(\.entry.path) == [.root, "usr", "usr/bin", "usr/bin/m", "usr/bin/z"])
        #expect(kept.entries[3].entry.kind == .regular)
        let without = try normalize(folder.file("in.tar"), .init(latestTime: 10, excludes: { $0 == "usr" }))
        #expect(without.entries.map(\.entry.path) == [.root, "b"])
    }

    @Test func `what a root cannot have is refused by name`() throws {
        let cases: [([Sample], String)] = [
            ([.file("a", ""), .file("a", "")], "rootfs.tar: entry 'a': is in the archive twice"),
            (
                [.file("etc/.wh.a", "")],
                "rootfs.tar: entry 'etc/.wh.a': begins with '.wh.', which marks what is taken away in a layer"
            ),
            (
                [.symlink("etc", "/tmp"), .file("etc/x", "")],
                "rootfs.tar: entry 'etc/x': lies below 'etc', which is not a directory in the same layer"
            ),
        ]
        for (samples, expected) in cases {
            try writeTar(samples, to: folder.file("in.tar"))
            #expect(message { _ = try normalize(folder.file("in.tar")) } == expected)
        }
    }
}
