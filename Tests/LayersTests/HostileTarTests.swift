import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// A tar header by hand, for what no tool writes.
private struct RawHeader {
    var name: [UInt8]
    var size: [UInt8] = Array("00000000000".utf8)
    var type: UInt8 = UInt8(ascii: "0")
    var link: [UInt8] = []
    var owner: [UInt8] = Array("0000000".utf8)

    init(_ name: String, type: Character = "0", link: String = "", size: Int = 0) {
        self.name = Array(name.utf8)
        self.type = type.asciiValue ?? 0
        self.link = Array(link.utf8)
        let digits = String(size, radix: 8)
        self.size = Array((String(repeating: "0", count: 11 - digits.count) + digits).utf8)
    }

    func bytes(checksumOffset: Int = 0) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ value: [UInt8], _ start: Int) { block.replaceSubrange(start..<start + value.count, with: value) }
        put(name, 0)
        put(Array("0000644".utf8), 100)
        put(owner, 108)
        put(Array("0000000".utf8), 116)
        put(size, 124)
        put(Array("00000000000".utf8), 136)
        put([UInt8](repeating: 32, count: 8), 148)
        block[156] = type
        put(link, 157)
        put(Array("ustar".utf8) + [0] + Array("00".utf8), 257)
        let sum = String(block.reduce(0) { $0 + Int($1) } + checksumOffset, radix: 8)
        put(Array((String(repeating: "0", count: 6 - sum.count) + sum).utf8) + [0, 32], 148)
        return block
    }
}

private func padded(_ content: [UInt8]) -> [UInt8] {
    content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
}

/// A pax header with one record, before the entry that it speaks of.
private func pax(_ key: String, _ value: [UInt8]) -> [UInt8] {
    let rest = Array(" \(key)=".utf8) + value + [10]
    var count = rest.count + 1
    while count != String(count).utf8.count + rest.count { count = String(count).utf8.count + rest.count }
    let record = Array(String(count).utf8) + rest
    return RawHeader("pax", type: "x", size: record.count).bytes() + padded(record)
}

private let endMark = [UInt8](repeating: 0, count: 1024)

@Suite struct HostileTarTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func failure(_ bytes: [UInt8], limits: ArchiveLimits = .standard) throws -> String? {
        let path = try folder.write(bytes, to: "t.tar")
        return message { _ = try readTar(path, limits: limits) }
    }

    @Test(arguments: ["../x", "a/../../x", "./../x", "/../x", "a/.."])
    func `row 1: a name with '..' is refused`(name: String) throws {
        #expect(
            try failure(RawHeader(name).bytes() + endMark) == "t.tar: entry '\(name)': the name has a '..' component"
        )
    }

    @Test func `row 2: an absolute name counts from the root`() throws {
        let path = try folder.write(RawHeader("//etc/./cron.d/x").bytes() + endMark, to: "t.tar")
        #expect(try readTar(path).map(\.entry.path) == ["etc/cron.d/x"])
    }

    @Test(arguments: [".", "/", "./"])
    func `row 4: the root is only ever a directory`(name: String) throws {
        let failure = try failure(RawHeader(name, type: "2", link: "/tmp").bytes() + endMark)
        #expect(failure == "t.tar: entry '\(name)': the root can only be a directory")
    }

    @Test func `row 5: a final slash does not make a link something else`() throws {
        let path = try folder.write(RawHeader("link/", type: "2", link: "/tmp").bytes() + endMark, to: "t.tar")
        let entry = try #require(try readTar(path).first?.entry)
        #expect(entry.path == "link" && entry.kind == .symlink)
    }

    @Test func `row 6: a hard link out of the root is refused`() throws {
        #expect(
            try failure(RawHeader("x", type: "1", link: "../../etc/shadow").bytes() + endMark)
                == "t.tar: entry 'x': it links to '../../etc/shadow': the name has a '..' component"
        )
        let path = try folder.write(RawHeader("x", type: "1", link: "/etc/shadow").bytes() + endMark, to: "t.tar")
        #expect(try readTar(path).first?.entry.hardLinkTarget == "etc/shadow")
    }

    @Test func `row 15: a tar cut anywhere is an error`() throws {
        let path = folder.file("whole.tar")
        let long: EntryPath =
            "a-name/that-needs/a-pax-header/because-it-is-longer-than/a-hundred-bytes/which-ustar-holds/ü"
        try writeTar([.folder("d"), .file("d/one", String(repeating: "x", count: 700)), .file(long, "y")], to: path)
        let whole = try Files.read(path)
        for length in stride(from: 0, to: whole.count - 1024, by: 64) {
            let failure = try failure(Array(whole[..<length]))
            #expect(failure?.hasPrefix("t.tar") == true, "cut at \(length) of \(whole.count)")
        }
        #expect(try failure([]) == "t.tar: is empty, not an archive")
        #expect(
            try failure(Array(whole[..<(whole.count - 1024)]))
                == "t.tar: is cut off: it ends without the mark of an end"
        )
        // Verified bytes may lack the mark, and nothing else.
        let unmarked = try folder.write(Array(whole[..<(whole.count - 1024)]), to: "unmarked.tar")
        #expect(try readTar(unmarked, requiresEndMark: false).count == 3)
    }

    @Test func `row 15: broken headers are errors that name the archive`() throws {
        let good = RawHeader("good").bytes()
        var negative = RawHeader("x")
        negative.size = [UInt8](repeating: 0xff, count: 12)
        var huge = RawHeader("x")
        huge.size = [0x80, 0, 0, 0, 0x7f] + [UInt8](repeating: 0xff, count: 7)
        var owner = RawHeader("x")
        owner.owner = [0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]
        let cases: [([UInt8], String)] = [
            (
                good + RawHeader("x").bytes(checksumOffset: 1),
                "t.tar: cannot be read: Damaged tar archive (after entry 'good')"
            ),
            (good + negative.bytes(), "t.tar: cannot be read: Tar entry has negative size (after entry 'good')"),
            (good + huge.bytes(), "t.tar: "),
            (good + owner.bytes(), "t.tar: entry 'x': the owner 4294967295 is not a number that Linux has"),
            (
                Array("not a tar at all, but a text of some length".utf8),
                "t.tar: cannot be read: Unrecognized archive format"
            ),
            (RawHeader("short", size: 5000).bytes() + [UInt8](repeating: 1, count: 512) + endMark, "t.tar: "),
            (pax("size", Array("999999".utf8)) + RawHeader("x", size: 1).bytes() + padded([1]), "t.tar: "),
            (
                pax("path", Array("../x".utf8)) + RawHeader("x").bytes(),
                "t.tar: entry '../x': the name has a '..' component"
            ),
            (pax("path", Array(repeating: 97, count: 65_536)) + RawHeader("x").bytes(), "t.tar: entry 'aaa"),
        ]
        for (bytes, start) in cases {
            let failure = try failure(bytes + endMark)
            #expect(failure?.hasPrefix(start) == true, "\(failure ?? "no error") should begin with \(start)")
        }
    }

    @Test func `row 15: bytes after the end are errors, zeros are not`() throws {
        let tar = RawHeader("a").bytes() + endMark
        #expect(try failure(tar + [UInt8](repeating: 0, count: 9000)) == nil)
        #expect(try failure(tar + [1]) == "t.tar: bytes follow the end of the archive, at or after byte 1536")
        let second = tar + [UInt8](repeating: 0, count: 600_000) + RawHeader("hidden").bytes() + endMark
        #expect(try failure(second) == "t.tar: bytes follow the end of the archive, at or after byte 1536")
        #expect(
            try failure(RawHeader("a").bytes() + [UInt8](repeating: 0, count: 512) + tar)?.contains("bytes follow")
                == true
        )
    }

    @Test func `row 15: names in no encoding keep their bytes`() throws {
        let path = try folder.write(pax("path", [0xff, 0x41]) + RawHeader("x").bytes() + endMark, to: "t.tar")
        #expect(try readTar(path).first?.entry.path.bytes == [0xff, 0x41])
    }

    @Test func `row 15: sparse files come expanded, and are refused where an offset is needed`() async throws {
        let sparse = folder.file("sparse")
        try await requireTool("truncate", ["-s", "3M", sparse.string])
        try await requireTool("sh", ["-c", "printf end >> sparse"], in: folder.path)
        for format in ["gnu", "pax"] {
            try await requireTool("tar", ["-S", "--format=\(format)", "-cf", "s.tar", "sparse"], in: folder.path)
            let read = try readTar(folder.file("s.tar"))
            #expect(read.first?.content == [UInt8](repeating: 0, count: 3 << 20) + Array("end".utf8))
            let file = try Descriptor.openForReading(folder.file("s.tar"))
            #expect(
                message { _ = try LayerListing.scan(file, name: "s.tar") }
                    == "s.tar: entry 'sparse': is stored as a sparse file, which a layer may not hold"
            )
        }
    }

    @Test func `limits are named`() throws {
        let two = RawHeader("a").bytes() + RawHeader("b").bytes() + endMark
        #expect(
            try failure(two, limits: .init(entryCount: 1)) == "t.tar: has more than the 1 entries that are allowed"
        )
        #expect(
            try failure(two, limits: .init(totalBytes: 1000))
                == "t.tar: holds more than the 1000 bytes that are allowed"
        )
        #expect(
            try failure(
                pax("SCHILY.xattr.user.a", [UInt8](repeating: 97, count: 200)) + two,
                limits: .init(xattrBytes: 100)
            ) == "t.tar: entry 'a': has more than the 100 bytes of extended attributes that are allowed"
        )
    }

    @Test func `row 13: a decompression bomb ends at the limit`() async throws {
        for (tool, arguments) in [("gzip", ["-9"]), ("zstd", ["-q", "--rm"]), ("xz", []), ("bzip2", [])] {
            try writeTar([.file("zeros", String(repeating: "\0", count: 4 << 20))], to: folder.file("bomb.tar"))
            let suffix = ["gzip": "gz", "zstd": "zst", "xz": "xz", "bzip2": "bz2"][tool] ?? ""
            try await requireTool(tool, arguments + ["bomb.tar"], in: folder.path)
            let path = folder.file("bomb.tar.\(suffix)")
            #expect(try readTar(path).first?.content.count == 4 << 20)
            #expect(
                message { _ = try readTar(path, limits: .init(ratio: 100, ratioFloor: 1 << 20)) }
                    == "bomb.tar.\(suffix): grows to more than 100 times its size when it is decompressed"
            )
            #expect(
                message { _ = try readTar(path, limits: .init(totalBytes: 1 << 20)) }?.contains("1048576 bytes") == true
            )
        }
    }

    @Test func `row 15: all members of a gzip count, junk behind them and a cut are errors`() async throws {
        let path = folder.file("t.tar")
        try writeTar(TarWriterTests.everything, to: path)
        let script = "split -b 3000 t.tar part. && for p in part.*; do gzip -n < $p; done > t.tar.gz"
        try await requireTool("sh", ["-ec", script], in: folder.path)
        let gzip = folder.file("t.tar.gz")
        #expect(try readTar(gzip).map(\.entry) == TarWriterTests.everything.map(\.entry))
        let bytes = try Files.read(gzip)
        let junk = try folder.write(bytes + Array("junk".utf8), to: "junk.gz")
        #expect(message { _ = try readTar(junk) }?.contains("bytes follow the end of the archive") == true)
        for length in stride(from: 20, to: bytes.count, by: 97) {
            let cut = try folder.write(Array(bytes[..<length]), to: "cut.gz")
            #expect(message { _ = try readTar(cut) } != nil, "cut at \(length)")
        }
        #expect(
            message { _ = try LayerListing.scan(try Descriptor.openForReading(gzip), name: "t.gz") }
                == "t.gz: is compressed, so that there is no offset into it"
        )
    }

    @Test func `offsets are right in tars that other programs wrote`() async throws {
        let name = String(repeating: "long-name-", count: 15)
        for index in 0..<5 { try folder.write("content \(index)", to: "in/\(name)\(index)") }
        for arguments in [
            ["tar", "--format=gnu"], ["tar", "--format=pax"], ["bsdtar", "--format=pax"],
        ] {
            let rest = Array(arguments.dropFirst()) + ["-cf", "o.tar", "in"]
            try await requireTool(arguments[0], rest, in: folder.path)
            let file = try Descriptor.openForReading(folder.file("o.tar"))
            let items = try LayerListing.scan(file).items.filter { $0.entry.kind == .regular }
            #expect(items.count == 5)
            for item in items {
                var content = [UInt8](repeating: 0, count: Int(item.entry.size))
                _ = try content.withUnsafeMutableBytes { try file.read(into: $0, at: item.dataOffset) }
                #expect(
                    String(decoding: content, as: UTF8.self) == "content \(item.entry.path.description.last ?? "?")"
                )
            }
        }
    }

    @Test func `zip and cpio archives are read where they are asked for`() async throws {
        try folder.write("hello", to: "in/a")
        try await requireTool("bsdtar", ["--format=zip", "-cf", "x.zip", "in/a"], in: folder.path)
        try await requireTool("bsdtar", ["--format=newc", "-cf", "x.cpio", "in/a"], in: folder.path)
        for name in ["x.zip", "x.cpio"] {
            let read = try readTar(folder.file(name), formats: [.tar, .zip, .cpio])
            #expect(read.map(\.entry.path) == ["in/a"])
            #expect(read.map(\.content) == [Array("hello".utf8)])
            #expect(
                message { _ = try readTar(folder.file(name)) } == "\(name): cannot be read: Unrecognized archive format"
            )
        }
    }
}
