import Glibc
import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Access control lists in tars of other programs.
@Suite struct AccessListTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// An attribute's entries, each as tag, number and permissions; nil for what the kernel would refuse.
    ///
    /// Source: posix_acl_from_xattr and posix_acl_valid of the kernel, fs/posix_acl.c.
    private static func described(_ value: [UInt8]) -> String? {
        func number(_ place: Int, _ length: Int) -> UInt32 {
            (0..<length).reduce(0) { $0 | UInt32(value[place + $1]) << (8 * $1) }
        }
        guard value.count % 8 == 4, number(0, 4) == 2 else { return nil }
        let entries = stride(from: 4, to: value.count, by: 8).map { place in
            (tag: number(place, 2), permissions: number(place + 2, 2), number: number(place + 4, 4))
        }
        let tags = entries.map(\.tag)
        let named = entries.filter { $0.tag == 2 || $0.tag == 8 }
        guard tags == tags.sorted(), entries.allSatisfy({ $0.permissions <= 7 }),
            [1, 4, 0x20].allSatisfy({ tag in tags.count { $0 == tag } == 1 }), tags.count(where: { $0 == 0x10 }) <= 1,
            named.isEmpty || tags.contains(0x10), Set(named.map { "\($0.tag) \($0.number)" }).count == named.count,
            entries.allSatisfy({ ($0.number == .max) == ($0.tag != 2 && $0.tag != 8) })
        else { return nil }
        return entries.map { "\($0.tag):\($0.number == .max ? "" : "\($0.number)"):\($0.permissions)" }
            .joined(separator: " ")
    }

    private func list(_ entry: TarEntry, _ name: String = "access") -> String? {
        entry.xattrs.first { $0.name == "system.posix_acl_\(name)" }.map { Self.described($0.value) ?? "no list" }
    }

    private func read(
        _ text: String,
        key: String = "access",
        _ name: String = "x",
        _ type: Character = "0",
        mode: UInt32 = 0o640,
        limits: ArchiveLimits = .standard
    ) throws -> TarEntry {
        var tar = RawTar()
        tar.add(name, type, link: type == "2" ? "y" : "", mode: mode, pax: ["SCHILY.acl.\(key)": Array(text.utf8)])
        return try #require(try readTar(folder.write(tar.finished, to: "t.tar"), limits: limits).first?.entry)
    }

    @Test(
        arguments: [
            ("user::rw-,user:7:r--,group::r--,mask::r--,other::---", "1::6 2:7:4 4::4 16::4 32::0", 0o4640),
            // As star, and bsdtar after it, writes names; with lines, as GNU tar writes them.
            (
                "user::rwx\nuser:oven:-w-:7\ngroup::r--\ngroup:ovens:--x:8\nmask::rwx\nother::---\n",
                "1::7 2:7:2 4::4 8:8:1 16::7 32::0", 0o4770
            ),
            ("u::rw-, u:7:rw-\t#effective:r--, g::rwx, m::r--, o::-wx", "1::6 2:7:6 4::7 16::4 32::3", 0o4643),
            (
                "other::r--,mask::r-x,user:9:r--,group:5:r--,user:7:rw-,group::---,user::rwx",
                "1::7 2:7:6 2:9:4 4::0 8:5:4 16::5 32::4", 0o4754
            ),
            ("user::rw-,group::rwx,mask::r--,other::---", "1::6 4::7 16::4 32::0", 0o4640),
            (
                "user::rw-,user:2147483646:r--,group::r--,mask::r--,other::---",
                "1::6 2:2147483646:4 4::4 16::4 32::0", 0o4640
            ),
        ] as [(String, String, UInt32)]
    )
    func `a list is the attribute that Linux keeps, and the mask is in the mode`(
        text: String,
        expected: String,
        mode: UInt32
    ) throws {
        let entry = try read(text, mode: 0o4640)
        #expect(list(entry) == expected)
        #expect(entry.xattrs.count == 1)
        #expect(entry.mode == mode)
    }

    @Test func `a list that says no more than the mode is left out`() throws {
        let entry = try read("user::rw-,group::r--,other::---")
        #expect(entry.xattrs.isEmpty && entry.mode == 0o640)
        // A folder's default is never without meaning.
        let folder = try read("user::rwx,group::r-x,other::---", key: "default", "d/", "5")
        #expect(list(folder, "default") == "1::7 4::5 32::0")
        #expect(folder.xattrs.count == 1 && folder.mode == 0o640)
    }

    @Test func `names are looked up in the files of the same archive`() async throws {
        var tar = RawTar()
        let text = "user::rw-,user:oven:r--,user:daemon:rw-:9,group::r--,group:ovens:r--,mask::rw-,other::---"
        tar.add("first", mode: 0o660, pax: ["SCHILY.acl.access": Array(text.utf8)])
        tar.add("etc/passwd", content: "oven:x:1:1::/:/bin/sh\n")
        tar.add("etc/group", content: "none\novens:x:44:\novens:x:45:\nbad:x:4294967295:\n")
        // The later file counts, with its first line of the name.
        tar.add("etc/passwd", content: "root:x:0:0::/:\noven:x:77:1::/:/bin/sh\noven:x:78:1::/:/bin/sh\n")
        tar.add("d/", "5", mode: 0o770, pax: ["SCHILY.acl.default": Array("\(text),group:bad:---".utf8)])
        let path = try folder.write(tar.finished, to: "t.tar")
        #expect(
            message { _ = try readTar(path) } == """
                t.tar: entry 'd': its default access control list names the group 'bad' without a number, and no 'etc/group' \
                of the same archive has it: 'bsdtar --acls' writes numbers beside names
                """
        )
        try await requireTool("gzip", ["-k", "t.tar"], in: folder.path)
        for name in ["t.tar", "t.tar.gz"] {
            var reader = try TarReader.open(try Descriptor.openForReading(folder.file(name)), name: name)
            let entry = try #require(try reader.next())
            #expect(list(entry) == "1::6 2:9:6 2:77:4 4::4 8:44:4 16::6 32::0")
            // What was looked for elsewhere has moved nothing here.
            let next = try reader.next()
            #expect(next?.path == "etc/passwd")
            let content = try reader.readAll(limit: 100)
            #expect(content == Array("oven:x:1:1::/:/bin/sh\n".utf8))
        }
    }

    @Test(arguments: [
        "user:oven:r--,user:baker:r--", "user:oven:r--,user:other:r--:7", "group:oven:---,group:baker:---",
    ])
    func `two names of one number are an error`(names: String) throws {
        var tar = RawTar()
        tar.add("etc/passwd", content: "oven:x:7:1::/:\nbaker:x:7:1::/:\n")
        tar.add("etc/group", content: "oven:x:7:\nbaker:x:7:\n")
        let text = "user::rw-,\(names),group::r--,mask::r--,other::---"
        tar.add("x", pax: ["SCHILY.acl.access": Array(text.utf8)])
        let path = try folder.write(tar.finished, to: "t.tar")
        #expect(
            message { _ = try readTar(path) } == "t.tar: entry 'x': its access control list names somebody twice"
        )
        // A user and a group of one number are two.
        let both = try read("user::rw-,user:7:r--,group::r--,group:7:r--,mask::r--,other::---")
        #expect(list(both) == "1::6 2:7:4 4::4 8:7:4 16::4 32::0")
    }

    /// A name is looked up in the whole archive, where a list that was not read yet may be hostile.
    @Test(arguments: [("access", "y", "0", "access"), ("default", "y/", "5", "default access")])
    func `a list beyond the limit is refused where names are looked up, too`(
        key: String,
        name: String,
        type: String,
        words: String
    ) throws {
        var tar = RawTar()
        let named = "user::rw-,user:oven:r--,group::r--,mask::r--,other::---"
        let large = "user::rw-,user:7:r--,user:8:r--,user:9:r--,group::r--,mask::r--,other::---"
        tar.add("x", pax: ["SCHILY.acl.access": Array(named.utf8)])
        tar.add(name, Character(type), pax: ["SCHILY.acl.\(key)": Array(large.utf8)])
        let path = try folder.write(tar.finished, to: "t.tar")
        #expect(
            message { _ = try readTar(path, limits: ArchiveLimits(accessListEntries: 6)) }
                == "t.tar: entry 'y': its \(words) control list has more than the 6 entries that are allowed"
        )
    }

    /// As bsdtar packs one: no warning about the name hides what libarchive says of the list.
    @Test func `a list of a name that is no UTF-8 is read, or an error`() throws {
        func entry(_ text: String) throws -> TarEntry? {
            var tar = RawTar()
            tar.add(
                "x",
                pax: ["hdrcharset": Array("BINARY".utf8), "path": [0xff], "SCHILY.acl.access": Array(text.utf8)]
            )
            return try readTar(folder.write(tar.finished, to: "t.tar")).first?.entry
        }
        let text = "user::rw-,user:7:r--,group::r--,mask::r--,other::---"
        let good = try #require(try entry(text))
        #expect(good.path.bytes == [0xff] && list(good) == "1::6 2:7:4 4::4 16::4 32::0")
        #expect(
            message { _ = try entry(text.replacing("user:7:r--", with: "user:7:rwz")) }
                == "t.tar: entry '\u{fffd}': cannot be read: Parse error:  SCHILY.acl.access"
        )
    }

    @Test func `an archive from a pipe is not read twice`() async throws {
        var tar = RawTar()
        let text = "user::rw-,user:oven:r--,group::r--,mask::r--,other::---"
        tar.add("etc/passwd", content: "oven:x:1:1::/:/bin/sh\n")
        tar.add("x", pax: ["SCHILY.acl.access": Array(text.utf8)])
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (input, output) = (Descriptor(adopting: ends[0], path: "pipe"), Descriptor(adopting: ends[1], path: "pipe"))
        // Less than a pipe holds.
        try tar.finished.withUnsafeBytes { try output.write($0) }
        output.closeNow()
        var reader = try TarReader.open(input, name: "pipe")
        let first = try reader.next()
        #expect(first?.path == "etc/passwd")
        let error = #expect(throws: LayerError.self) { _ = try reader.next() }
        #expect(
            error?.description == """
                pipe: entry 'x': its access control list names the user 'oven' without a number, and an archive from a pipe is \
                not read for its 'etc/passwd': 'bsdtar --acls' writes numbers beside names
                """
        )
    }

    @Test(
        arguments: [
            (
                "access", "x", "0", "user::rw-,user:oven\u{1b}:r--,group::r--,mask::r--,other::---",
                "its access control list names the user 'oven\\x1b' without a number, and no 'etc/passwd' of the same archive "
                    + "has it: 'bsdtar --acls' writes numbers beside names"
            ),
            (
                "access", "x", "0", "user::rw-,user:7:r--,group::r--,other::---",
                "its access control list names users or groups, and lacks the mask for them"
            ),
            (
                "default", "x/", "5", "group::r--,other::---",
                "its default access control list has no entry for the owner"
            ),
            (
                "default", "x/", "5", "user::r--,other::---",
                "its default access control list has no entry for the owner's group"
            ),
            (
                "default", "x/", "5", "user::r--,group::r--",
                "its default access control list has no entry for all others"
            ),
            (
                "access", "x", "0", "user::rw-,user:4000000000:r--,group::r--,mask::r--,other::---",
                "its access control list has the number of a user beyond 2147483646"
            ),
            (
                "access", "x", "0", "user::rw-,group:name:r--:2147483647,group::r--,mask::r--,other::---",
                "its access control list has the number of a group beyond 2147483646"
            ),
            (
                "access", "x", "0", "user::rw-,user:7:rwz,group::r--,mask::r--,other::---",
                "cannot be read: Parse error:  SCHILY.acl.access"
            ),
            ("default", "x/", "5", "nobody", "cannot be read: Parse error:  SCHILY.acl.default"),
            (
                "access", "x", "2", "user::rwx,user:7:r--,group::r--,mask::r--,other::---",
                "has an access control list, which only a file or a folder can have"
            ),
            (
                "default", "x", "0", "user::rwx,group::r--,other::---",
                "has a default access control list, which only a folder can have"
            ),
            (
                "ace", "x", "0", "owner@:rwxp:------:allow",
                "has an access control list of NFS version 4, which Linux keeps on no disk"
            ),
            (
                "access", "x", "0", "user::rw-,user:7:r--,user:8:r--,user:9:r--,group::r--,mask::r--,other::---",
                "its access control list has more than the 6 entries that are allowed"
            ),
        ] as [(String, String, Character, String, String)]
    )
    func `what cannot be kept is an error that says where and why`(
        key: String,
        name: String,
        type: Character,
        text: String,
        expected: String
    ) throws {
        let limits = ArchiveLimits(accessListEntries: 6)
        #expect(
            message { _ = try read(text, key: key, name, type, limits: limits) } == "t.tar: entry 'x': \(expected)"
        )
    }

    /// Every other byte at every place: a list that the kernel takes, or an error with a place.
    @Test func `no text is anything but a list or an error`() throws {
        let text = Array("user::rw-,user:a:r-x:7,group::r--,group:5:--x,mask::r--,other::---".utf8)
        for place in text.indices {
            for byte in Array(":,#d\n -0zugmor\u{7f}".utf8) + [0, 0xff] {
                var broken = text
                broken[place] = byte
                var tar = RawTar()
                tar.add("x", pax: ["SCHILY.acl.access": broken])
                // Synced files would take a minute.
                let flags = O_RDWR | O_CREAT | O_TRUNC
                let file = try Descriptor.open(folder.file("t.tar"), flags: flags, mode: 0o600)
                try file.write(tar.finished)
                do {
                    var reader = try TarReader.open(file, name: "t.tar")
                    let entry = try #require(try reader.next())
                    #expect(list(entry) != "no list", "\(broken)")
                } catch let error as LayerError {
                    #expect(error.description.hasPrefix("t.tar: entry 'x': "), "\(error)")
                }
            }
        }
    }

    /// The number that GNU tar does not write is the archive's own, and not that of this machine.
    @Test(.enabled(if: hasTool("setfacl"), "needs setfacl"), arguments: ["tar", "bsdtar"])
    func `what tar and bsdtar pack is unpacked with the same lists`(program: String) async throws {
        try folder.write("daemon:x:77:77::/:/bin/sh\n", to: "tree/etc/passwd")
        try folder.write("x", to: "tree/file", mode: 0o754)
        try folder.write("x", to: "tree/plain", mode: 0o640)
        try folder.makeFolder("tree/folder", mode: 0o750)
        let script = """
            setfacl -m u:1:rw-,u:54321:r-x,g:54322:r--,m::r-- file
            setfacl -m u:54321:rwx folder; setfacl -d -m u:54321:rwx,g:54322:--- folder
            \(program) --acls --format=pax -cf ../t.tar etc file plain folder
            """
        try await requireTool("sh", ["-ec", script], in: folder.file("tree"))
        let tar = try Descriptor.openForReading(folder.file("t.tar"))
        let listing = try LayerListing.scan(tar)
        let target = try Descriptor.openFolder(folder.makeFolder("seen", mode: 0o700))
        try LayerUnpacker.unpack(MergedTree(layers: [listing]), layers: [tar], name: "t.tar", into: target)
        for name in ["file", "plain", "folder"] {
            let arguments = ["--numeric", "--omit-header", "--no-effective", name]
            let known = try await requireTool("getfacl", arguments, in: folder.file("tree"))
            let seen = try await requireTool("getfacl", arguments, in: folder.file("seen"))
            let expected = program == "tar" ? known.replacing("user:1:", with: "user:77:") : known
            #expect(seen == expected, "\(name)")
            let mode = ["-c", "%a", name]
            #expect(
                try await requireTool("stat", mode, in: folder.file("seen"))
                    == requireTool("stat", mode, in: folder.file("tree"))
            )
        }
        #expect(listing.items.filter { !$0.entry.xattrs.isEmpty }.map(\.entry.path) == ["file", "folder"])
        // A layer of ours has them as attributes.
        var writer = try TarWriter.open(
            to: try Descriptor.open(folder.file("ours.tar"), flags: O_WRONLY | O_CREAT, mode: 0o644)
        )
        try LayerPacker.pack(target, options: .init(source: .folder, latestTime: 0), into: &writer)
        let ours = try writer.finish().listing
        for item in listing.items {
            let packed = ours.items.first { $0.entry.path == item.entry.path }?.entry
            #expect(packed?.xattrs == item.entry.xattrs && packed?.mode == item.entry.mode, "\(item.entry.path)")
        }
    }
}
