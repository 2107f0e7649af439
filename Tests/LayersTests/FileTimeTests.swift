import Glibc
import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Modification times below a second.
@Suite struct FileTimeTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let precise = TarEntry(
        path: "precise",
        kind: .directory,
        mode: 0o755,
        modified: 1_700_000_000,
        nanoseconds: 123_456_789
    )

    private func modified(_ path: FilePath) throws -> Int64? { try FileStatus.ofExisting(path)?.modified }

    /// The time of the one entry of a tar with a pax record, as seconds and nanoseconds.
    private func time(_ record: String) throws -> String? {
        var tar = RawTar()
        tar.add("x", modified: 3, pax: ["mtime": Array(record.utf8)])
        let entry = try readTar(folder.write(tar.finished, to: "t.tar")).first?.entry
        return entry.map { "\($0.modified) \($0.nanoseconds)" }
    }

    @Test func `a record is read to the nanosecond`() throws {
        #expect(try time("1700000000.123456789") == "1700000000 123456789")
        #expect(try time("1700000000.5") == "1700000000 500000000")
        #expect(try time("0.0000000019") == "0 1")
        #expect(try time("8000000000.25") == "8000000000 250000000")
        #expect(try time("1700000000") == "1700000000 0")
        // Whole seconds before 1970, where programs mean different times by one record.
        #expect(try time("-1.5") == "-1 0")
    }

    @Test func `a time that is set is a whole second, and so is one that is clamped`() {
        var entry = Self.precise
        entry.clampModified(to: 1_700_000_001)
        #expect(entry == Self.precise)
        entry.clampModified(to: 1_700_000_000)
        #expect(entry.modified == 1_700_000_000 && entry.nanoseconds == 0)
        entry = Self.precise
        entry.modified = 5
        #expect(entry.modified == 5 && entry.nanoseconds == 0)
    }

    @Test func `what tar packs comes through all forms of a layer`() async throws {
        try folder.write("x", to: "tree/d/file")
        let script = """
            ln -s file d/link; mkfifo d/pipe
            touch -h -d @1700000000.000000001 d/link; touch -d @1700000000.5 d/pipe
            touch -d @1700000000.123456789 d/file; touch -d @1600000000.999999999 d
            tar --format=posix --pax-option=delete=atime,delete=ctime --sort=name -cf ../t.tar d
            """
        try await requireTool("sh", ["-ec", script], in: folder.file("tree"))
        let tar = try Descriptor.openForReading(folder.file("t.tar"))
        let listing = try LayerListing.scan(tar)
        #expect(
            listing.items.map { "\($0.entry.path) \($0.entry.modified) \($0.entry.nanoseconds)" } == [
                "d 1600000000 999999999", "d/file 1700000000 123456789", "d/link 1700000000 1",
                "d/pipe 1700000000 500000000",
            ]
        )
        #expect(LayerListing(decoding: listing.encode()) == listing)

        let target = try Descriptor.openFolder(folder.makeFolder("seen", mode: 0o700))
        try LayerUnpacker.unpack(MergedTree(layers: [listing]), layers: [tar], name: "t.tar", into: target)
        for name in ["d", "d/file", "d/link", "d/pipe"] {
            let wanted = try #require(try modified(folder.file("tree").appending(name)))
            #expect(try modified(folder.file("seen").appending(name)) == wanted, "\(name)")
        }

        // A root keeps them, and T cuts the later ones.
        for (latest, expected) in [
            (1_700_000_001, [999_999_999, 123_456_789, 1, 500_000_000]), (1_700_000_000, [999_999_999, 0, 0, 0]),
        ] as [(Int64, [UInt32])] {
            let output = folder.file("normal.tar")
            let flags = O_RDWR | O_CREAT | O_TRUNC
            var writer = try TarWriter.open(to: try Descriptor.open(output, flags: flags, mode: 0o644))
            try LayerNormalizer.normalize(
                tar,
                name: "t.tar",
                spool: try Descriptor.open(folder.file("spool"), flags: flags, mode: 0o600),
                options: .init(latestTime: latest),
                into: &writer
            )
            let written = try writer.finish().listing
            #expect(written.items.map(\.entry.nanoseconds) == expected)
            #expect(try LayerListing.scan(try Descriptor.openForReading(output)) == written)
            let seen = try await requireTool("tar", ["--full-time", "-tvf", output.string, "d/file"])
            #expect(seen.contains(expected[1] == 0 ? "22:13:20 d/file" : "22:13:20.123456789 d/file"))
        }
    }

    @Test func `what a step leaves has whole seconds`() async throws {
        try folder.write("x", to: "tree/file")
        try await requireTool("touch", ["-d", "@1700000000.9", folder.file("tree/file").string])
        var writer = try TarWriter.open(
            to: try Descriptor.open(folder.file("t.tar"), flags: O_WRONLY | O_CREAT, mode: 0o644)
        )
        let tree = try Descriptor.openFolder(folder.file("tree"))
        try LayerPacker.pack(tree, options: .init(source: .folder, latestTime: 1 << 40), into: &writer)
        let entry = try #require(try writer.finish().listing.items.first?.entry)
        #expect(entry.modified == 1_700_000_000 && entry.nanoseconds == 0)
    }

    @Test func `a part of a second has a pax header, and a whole one has none`() throws {
        var whole = Self.precise
        whole.modified = 1_700_000_000
        let precise = try writeTar([Sample(Self.precise)], to: folder.file("precise.tar"))
        #expect(try writeTar([Sample(whole)], to: folder.file("whole.tar")).size == 512 + 1024)
        #expect(precise.size == 3 * 512 + 1024)
        let bytes = try Files.read(folder.file("precise.tar"))
        #expect(Array(bytes[512..<512 + 30]) == Array("30 mtime=1700000000.123456789\n".utf8))
    }

    @Test func `another part of a second is another time`() throws {
        var other = Self.precise
        other.modified = 1_700_000_000
        let left = LayerListing(items: .init([.init(entry: Self.precise, dataOffset: 0)]))
        let right = LayerListing(items: .init([.init(entry: other, dataOffset: 0)]))
        #expect(left.changes(to: right) { _, _ in true }.map(\.aspects) == [[.time]])
    }
}
