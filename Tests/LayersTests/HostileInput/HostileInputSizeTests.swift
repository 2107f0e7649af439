import Glibc
import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Archives that are too much, or no archives; the numbers are those of the page on hostile input.
@Suite(.enabled(if: isRoot, "is started by another test"), .serialized) struct HostileInputSizeTests {
    let kitchen: HostileKitchen

    init() throws { kitchen = try HostileKitchen() }

    /// What the process holds in memory at most so far, in bytes.
    private static var peakMemory: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }

    /// 512 MiB of zeros, compressed once, twice, and as several members.
    @Test(.timeLimit(.minutes(15))) func `row 13: bombs end at a limit, in bounded memory`() async throws {
        let script = """
            head -c 536870912 /dev/zero | gzip -1 > zeros.gz; gzip -1 < zeros.gz > twice.gz
            cat zeros.gz zeros.gz > members.gz
            head -c 536870912 /dev/zero | zstd -q -3 --long=27 > zeros.zst
            """
        try await requireTool("sh", ["-ec", script], in: kitchen.folder.path)
        let limits = ArchiveLimits(totalBytes: 256 << 20, ratio: 100, ratioFloor: 32 << 20)
        let before = Self.peakMemory
        for (name, reason) in [
            ("zeros.gz", "grows to more than 100 times its size when it is decompressed"),
            ("members.gz", "grows to more than 100 times its size when it is decompressed"),
            ("zeros.zst", "grows to more than 100 times its size when it is decompressed"),
        ] {
            let file = try Descriptor.openForReading(kitchen.folder.file(name))
            #expect(
                message { try Decompression.forEachPiece(of: file, name: name, limits: limits) { _ in } }
                    == "\(name): \(reason)"
            )
        }
        // libarchive would go on for as long as what it gets looks compressed.
        let twice = kitchen.folder.file("twice.gz")
        #expect(message { _ = try readTar(twice) } == "twice.gz: is compressed more than once")
        #expect(Self.peakMemory - before < 200 << 20)
    }

    @Test func `row 13: a zstd window of gigabytes is refused`() throws {
        // A frame header that asks for a window of 2^41 bytes (RFC 8878 section 3.1.1.1.2).
        let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8] + [UInt8](repeating: 0, count: 64)
        let before = Self.peakMemory
        for failure in try kitchen.refusals(frame) {
            #expect(failure.hasPrefix("t.tar: cannot be decompressed: "), "\(failure)")
        }
        #expect(Self.peakMemory - before < 200 << 20)
    }

    @Test func `row 13: too many entries and too many bytes are refused`() throws {
        let tar = raw { tar in for index in 0..<20 { tar.add("f\(index)") } }
        #expect(
            try kitchen.refusals(tar.finished, limits: .init(entryCount: 10))
                == ["t.tar: has more than the 10 entries that are allowed"]
        )
        #expect(
            try kitchen.refusals(tar.finished, limits: .init(totalBytes: 4096))
                == ["t.tar: holds more than the 4096 bytes that are allowed"]
        )
    }

    /// What grows with the square of these numbers does not end within the limit.
    @Test(.timeLimit(.minutes(4)), arguments: Superlinear.allCases)
    func `row 14: what could take the square of its size comes to an end`(_ form: Superlinear) throws {
        var files: [LayerListing] = []
        for (index, layer) in form.layers(form.count).enumerated() {
            let path = try kitchen.folder.write(layer.finished, to: "layer\(index).tar")
            files.append(try LayerListing.scan(try Descriptor.openForReading(path), name: "layer"))
        }
        let tree = try MergedTree(layers: files)
        #expect(tree.count > 0)
        _ = try files[files.count - 1].isSelfContained(name: "layer")
        try tree.flattened { _, _ in }
    }

    @Test func `row 15: what is no good tar is an error that names it`() throws {
        for sample in Self.malformed {
            let found = try kitchen.refusals(sample.bytes).sorted()
            let isRefused = found.allSatisfy { $0.hasPrefix("t.tar: ") && $0.contains(sample.reason) }
            #expect(isRefused, "\(sample.name): \(found)")
        }
    }

    private static let good = raw { $0.add("good", content: "content") }.bytes
    private static let end = [UInt8](repeating: 0, count: 1024)

    /// `bytes` with others from `offset` on, and a checksum that fits.
    private static func changed(_ bytes: [UInt8], _ offset: Int, _ new: [UInt8]) -> [UInt8] {
        var result = bytes
        result.replaceSubrange(offset..<offset + new.count, with: new)
        result.replaceSubrange(148..<156, with: [UInt8](repeating: 32, count: 8))
        let sum = String(result[..<512].reduce(0) { $0 + Int($1) }, radix: 8)
        result.replaceSubrange(
            148..<156,
            with: Array((String(repeating: "0", count: 6 - sum.count) + sum).utf8) + [0, 32]
        )
        return result
    }

    private static let malformed: [(name: String, bytes: [UInt8], reason: String)] = [
        ("half a header", Array(good[..<300]), ""),
        ("no content", Array(good[..<512]), ""),
        ("half the content", Array(good[..<515]), ""),
        ("a bad checksum", Array(good[..<100]) + [1] + Array(good[101...]) + end, ""),
        ("a negative size", changed(good, 124, [UInt8](repeating: 0xff, count: 12)) + end, "negative size"),
        ("a huge size", changed(good, 124, [0x80, 0, 0, 0, 0x7f] + [UInt8](repeating: 0xff, count: 7)) + end, ""),
        ("a size beyond the end", changed(good, 124, Array("77777777777".utf8)) + end, ""),
        ("a size of pax beyond the end", raw { $0.add("x", pax: ["size": Array("9999999".utf8)]) }.finished, ""),
        ("an owner beyond 32 bits", changed(good, 108, [0x80, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]) + end, "'good'"),
        ("a name of 64 KiB", raw { $0.add(String(repeating: "n", count: 65_536)) }.finished, "the name is longer than"),
        ("junk behind the end", good + end + Array("junk".utf8), "bytes follow the end"),
        ("a second archive behind the end", good + end + end + good + end, "bytes follow the end"),
        ("text", Array(String(repeating: "no tar\n", count: 200).utf8), "Unrecognized archive format"),
    ]

    @Test func `row 15: a stream without an end is refused, unless its digest was verified`() throws {
        for (bytes, reason) in [
            ([], "is empty, not an archive"), (Self.good, "is cut off: it ends without the mark of an end"),
        ] {
            let path = try kitchen.folder.write(bytes, to: "t.tar")
            #expect(message { _ = try readTar(path) } == "t.tar: \(reason)")
        }
    }

    /// POSIX says of unknown kinds that they are files; a name is a C string in every header, and so in pax here.
    @Test func `row 15: what is read leniently stays inside all the same`() throws {
        let tar = raw {
            $0.add("x", pax: ["path": Array("a\0/../../probe".utf8)])
            $0.add("kind", "Q", content: "file")
        }
        try kitchen.unpack([tar])
        #expect(try kitchen.kind("a") == .regular && kitchen.kind("kind") == .regular && kitchen.isUntouched())
    }

    @Test func `row 15: of two entries with one name the later counts`() throws {
        try kitchen.unpack([
            raw {
                $0.add("x", content: "first")
                $0.add("x", content: "second")
            }
        ])
        #expect(try Files.read(kitchen.folder.file("out/x")) == Array("second".utf8))
    }
}

/// What peers took quadratic time for.
enum Superlinear: String, CaseIterable {
    case whiteouts
    case deepFolders
    case longNames
    case hardLinks
    case redirections

    var count: Int {
        switch self {
        case .whiteouts: 100_000
        case .deepFolders: 1000
        case .longNames: 10_000
        case .hardLinks: 100_000
        case .redirections: 1000
        }
    }

    func layers(_ count: Int) -> [RawTar] {
        switch self {
        case .whiteouts:
            [
                raw { tar in for index in 0..<count { tar.add("d\(index / 100)/f\(index)") } },
                raw { tar in for index in 0..<count { tar.add("d\(index / 100)/.wh.f\(index)") } },
            ]
        case .deepFolders:
            [raw { tar in for index in 0..<count { tar.add(String(repeating: "a/", count: 1000) + "x\(index)") } }]
        case .longNames:
            [raw { tar in for index in 0..<count { tar.add(String(repeating: "n", count: 3000) + "\(index)") } }]
        case .hardLinks:
            [
                raw { tar in
                    tar.add("first")
                    for index in 0..<count { tar.add("l\(index)", "1", link: index == 0 ? "first" : "l\(index - 1)") }
                }
            ]
        case .redirections:
            [
                raw { tar in for index in 0..<count { tar.add("l\(index)", "2", link: "t\(index)") } },
                raw { tar in for index in 0..<count { tar.add("l\(index)/x") } },
            ]
        }
    }
}
