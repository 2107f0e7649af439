import Glibc
import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct TarWriterTests {
    /// One of everything that a header may have to say.
    static let everything: [Sample] = {
        let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let long = String(repeating: "directory-of-forty-characters-in-its-name/", count: 7) + "file"
        return [
            .folder("etc", mode: 0o755, modified: 1_700_000_000),
            .file("etc/hostname", "oven\n", modified: 1_700_000_000),
            .hardLink("etc/hostname.link", "etc/hostname"),
            .symlink("etc/mtab", "../proc/self/mounts"),
            Sample(TarEntry(path: "dev/null", kind: .characterDevice, mode: 0o666, deviceMajor: 1, deviceMinor: 3)),
            Sample(TarEntry(path: "dev/vda", kind: .blockDevice, mode: 0o660, group: 6, deviceMajor: 254)),
            Sample(TarEntry(path: "run/pipe", kind: .fifo, mode: 0o600)),
            .folder("tmp", mode: 0o1777),
            .file("usr/bin/su", "#!", mode: 0o4755),
            Sample(
                TarEntry(
                    path: "usr/bin/ping",
                    kind: .regular,
                    mode: 0o755,
                    xattrs: [
                        .init(name: "user.note", value: Array("hot".utf8)),
                        .init(name: "security.capability", value: capability),
                    ]
                )
            ),
            Sample(
                TarEntry(path: "home/large-ids", kind: .directory, mode: 0o700, owner: 3_000_000, group: 4_294_967_294)
            ),
            .file("srv/größe/日本.txt", "utf-8", modified: -1),
            .file(EntryPath(normalisedForTest: long), "far", modified: 8_589_934_592),
        ]
    }()

    @Test(arguments: ["user.a b", "user.50%", "user.a=b", "user.größe", "user.a\u{7F}", "uPK\u{3}\u{4}a"])
    func `refuses an attribute whose name would be read as another`(name: String) throws {
        let folder = try TemporaryFolder()
        let file = try Descriptor.open(folder.path.appending("tar"), flags: O_RDWR | O_CREAT, mode: 0o600)
        var writer = try TarWriter.open(to: file, name: "layer.tar")
        let entry = TarEntry(path: "srv/x", kind: .regular, mode: 0o644, xattrs: [.init(name: name, value: [1])])
        let error = #expect(throws: LayerError.self) { try writer.append(entry) }
        #expect(
            error?.description == """
                layer.tar: entry 'srv/x': has the extended attribute '\(name)', whose name a tar cannot hold: it may consist of \
                visible ASCII characters, without '%' and '='; remove it with 'setfattr -x'
                """
        )
    }

    static let everythingDigest = "sha256:5502d26f67f3c6715e153d476c4b8e994e0ca76799e77eecf960d25827a3725d"

    static let expectedListing = [
        "drwxr-xr-x 0/0 0 2023-11-14 22:13 etc/",
        "-rw-r--r-- 0/0 5 2023-11-14 22:13 etc/hostname",
        "hrw-r--r-- 0/0 0 1970-01-01 00:00 etc/hostname.link link to etc/hostname",
        "lrwxrwxrwx 0/0 0 1970-01-01 00:00 etc/mtab -> ../proc/self/mounts",
        "crw-rw-rw- 0/0 1,3 1970-01-01 00:00 dev/null",
        "brw-rw---- 0/6 254,0 1970-01-01 00:00 dev/vda",
        "prw------- 0/0 0 1970-01-01 00:00 run/pipe",
        "drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/",
        "-rwsr-xr-x 0/0 2 1970-01-01 00:00 usr/bin/su",
        "-rwxr-xr-x* 0/0 0 1970-01-01 00:00 usr/bin/ping",
        "x: 20 security.capability",
        "x: 3 user.note",
        "drwx------ 3000000/4294967294 0 1970-01-01 00:00 home/large-ids/",
        "-rw-r--r-- 0/0 5 1969-12-31 23:59 srv/größe/日本.txt",
    ]

    @Test func `tar and bsdtar list the same entries, and the bytes never change`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("all.tar")
        let written = try writeTar(Self.everything, to: path)
        #expect(written.digest.description == Self.everythingDigest)

        let gnu = try await requireTool("tar", ["--quoting-style=literal", "-tf", path.string])
        let bsd = try await requireTool("bsdtar", ["-tf", path.string])
        #expect(gnu == bsd)
        #expect(gnu.split(separator: "\n").count == Self.everything.count)
        let arguments = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "-tvvf", path.string]
        let listing = try await requireTool("tar", arguments)
        let words = listing.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(words.prefix(14) == Self.expectedListing[...])
        #expect(try Digester.digest(of: Files.read(path)) == written.digest)
        #expect(try Files.read(path).count == Int(written.size))
    }

    @Test func `what is written is read again, and lies where the listing says`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("all.tar")
        let written = try writeTar(Self.everything, to: path)
        let read = try readTar(path)
        #expect(read.map(\.entry) == Self.everything.map(\.entry))
        #expect(read.map(\.content) == Self.everything.map(\.content))

        let file = try Descriptor.openForReading(path)
        let scanned = try LayerListing.scan(file)
        #expect(scanned == written.listing)
        for (item, sample) in zip(scanned.items, Self.everything) where item.entry.kind == .regular {
            var content = [UInt8](repeating: 0, count: Int(item.entry.size))
            _ = try content.withUnsafeMutableBytes { try file.read(into: $0, at: item.dataOffset) }
            #expect(content == sample.content)
        }
    }

    @Test func `names that are no UTF-8 keep their bytes`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("latin.tar")
        let latin = try EntryPath(validating: [0x67, 0x72, 0xfc, 0x6e])
        // What an earlier call on this thread has left behind, which libarchive looks at.
        errno = ENOMEM
        let written = try writeTar(
            [.file(latin, "x"), Sample(.symlink("link", to: [0xff, 0xfe]))],
            to: path
        )
        #expect(written.digest.description == "sha256:51a1a18515c54182cd134c7199cc7a002cb2774c359c3d091b63572dafbdf316")
        let read = try readTar(path)
        #expect(read.map(\.entry.path) == [latin, "link"])
        #expect(read.last?.entry.linkTarget == [0xff, 0xfe])
        let gnu = try await runTool("tar", ["--quoting-style=literal", "-tf", path.string])
        let bsd = try await runTool("bsdtar", ["-tf", path.string])
        #expect(gnu.output == Array("gr".utf8) + [0xfc] + Array("n\nlink\n".utf8))
        // bsdtar writes what it cannot print in octal.
        #expect(bsd.text == "gr\\374n\nlink\n")
    }

    @Test func `a size beyond ustar goes to a pax header`() async throws {
        let size: Int64 = 9 << 30
        var head: [UInt8] = []
        var total = 0
        var writer = try TarWriter.open(name: "huge") { (bytes) throws(SystemError) in
            if head.count < 4096 { head += bytes.prefix(4096 - head.count) }
            total += bytes.count
        }
        let zeros = TarEntry.regular("huge", size: size)
        // Cut short on purpose: the header is what is looked at.
        var left = 2 << 20
        let failure = message {
            try writer.append(zeros) { (buffer) throws(LayerError) in
                let count = min(left, buffer.count)
                left -= count
                buffer[..<count].initializeMemory(as: UInt8.self, repeating: 0)
                return count
            }
        }
        #expect(failure == "huge: entry 'huge': the file ended after 2097152 of 9663676416 bytes while it was read")
        #expect(String(decoding: head, as: UTF8.self).contains("19 size=9663676416\n"))
        #expect(total <= 3 << 20)
    }

    @Test func `a file that changes while it is read is an error`() throws {
        let folder = try TemporaryFolder()
        let file = try Descriptor.openForReading(folder.write("12345", to: "data"))
        var writer = try TarWriter.open(name: "t.tar") { (_) throws(SystemError) in }
        #expect(
            message { try writer.append(.regular("a", size: 6), file: file) }
                == "t.tar: entry 'a': the file ended after 5 of 6 bytes while it was read"
        )
        var other = try TarWriter.open(name: "t.tar") { (_) throws(SystemError) in }
        #expect(
            message { try other.append(.regular("a", size: 4), file: file) }
                == "t.tar: entry 'a': the file grew beyond 4 bytes while it was read"
        )
    }

    @Test func `a failing sink is named, and nothing is finished`() throws {
        var writer = try TarWriter.open(name: "t.tar") { (_) throws(SystemError) in
            throw SystemError("write", "t.tar", .noSpace)
        }
        let failure = message {
            try writer.append(.regular("a", size: 2 << 20)) { (buffer) throws(LayerError) in buffer.count }
        }
        #expect(failure == "t.tar: entry 'a': cannot write 't.tar': No space left on device")
    }

    @Test func `time zone, umask and language do not change a byte`() async throws {
        await #expect(processExitsWith: .success) {
            setenv("TZ", "Pacific/Kiritimati", 1)
            setenv("LC_ALL", "POSIX", 1)
            setlocale(LC_ALL, "")
            umask(0o077)
            let folder = try TemporaryFolder()
            let written = try writeTar(TarWriterTests.everything, to: folder.file("1.tar"))
            #expect(written.digest.description == TarWriterTests.everythingDigest)
            // Nothing of this machine is in the bytes: no names of users.
            #expect(try Files.read(folder.file("1.tar"))[265..<329].allSatisfy { $0 == 0 })
        }
    }

    @Test func `a listing survives its cache file`() throws {
        let folder = try TemporaryFolder()
        let listing = try writeTar(Self.everything, to: folder.file("1.tar")).listing
        let bytes = listing.encode()
        #expect(LayerListing(decoding: bytes) == listing)
        #expect(bytes.count < 1200)
        #expect(LayerListing(decoding: bytes.dropLast()) == nil)
        #expect(LayerListing(decoding: bytes + [0]) == nil)
        #expect(LayerListing(decoding: []) == nil)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0xff
            _ = LayerListing(decoding: damaged)
        }
    }
}

extension LayerListing {
    fileprivate init?(decoding bytes: ArraySlice<UInt8>) { self.init(decoding: Array(bytes)) }
}
