import Disks
import Glibc
import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("An ext4 file system of layers") struct Ext4WriterTests {
    private let making: DiskMaking

    init() throws { making = try DiskMaking() }

    /// A tree of all kinds in two layers, the upper one with whiteouts.
    private static let odd: [RawTar] = {
        var lower = RawTar()
        lower.folder("bin")
        lower.add("bin/su", content: "#!", mode: 0o4755, owner: 0, group: 0, modified: 7)
        lower.add("bin/sudo", "1", link: "bin/su")
        lower.add("bin/gone", content: "gone", modified: 8)
        lower.add("bin/also-gone", "1", link: "bin/gone")
        lower.add("bin/kept", "1", link: "bin/gone")
        lower.folder("dev")
        lower.add("dev/null", "3", mode: 0o666, owner: 0, group: 0, device: (1, 3))
        lower.add("dev/far", "4", mode: 0o660, owner: 0, group: 6, device: (259, 300_000))
        lower.add("dev/pipe", "6", mode: 0o600)
        lower.add("home/", "5", mode: 0o1777, owner: 100_000, group: 4_000_000_000)
        lower.add("home/deep/er/file", content: "implied folders", modified: UInt32.max)
        lower.add("short", "2", link: "bin/su")
        lower.add("long", "2", link: "bin/" + String(repeating: "x", count: 300))
        lower.add("exact", "2", link: String(repeating: "y", count: 60))
        lower.add("below", "2", link: String(repeating: "z", count: 59))
        lower.add("empty", content: "")
        lower.add("page", content: String(repeating: "p", count: 4096))
        lower.add("page-and-one", content: String(repeating: "q", count: 4097))
        lower.add("big", content: String(repeating: "0123456789abcdef", count: 1 << 16))
        lower.add("zeros", content: String(repeating: "\0", count: 3 << 16) + "end")
        lower.add("replaced", content: "old")
        lower.add("folder-becomes-file/inner", content: "x")
        lower.add("file-becomes-folder", content: "x")
        lower.add("\u{e4} \u{1f600}", content: "name")
        lower.add(String(repeating: "n", count: 255), content: "a long name")
        let capability: [UInt8] = [1, 0, 0, 2, 0, 32] + [UInt8](repeating: 0, count: 14)
        lower.add("ping", content: "ping", pax: ["SCHILY.xattr.security.capability": capability])
        let long = [UInt8](repeating: 7, count: 900)
        lower.add("noted", content: "noted", pax: ["SCHILY.xattr.user.note": long, "SCHILY.xattr.user.b": [1]])
        // Of the owner, of user 7, of the group, the mask, of others.
        let acl: [(tag: UInt16, permissions: UInt16, id: UInt32)] = [
            (1, 6, .max), (2, 4, 7), (4, 4, .max), (0x10, 4, .max), (0x20, 0, .max),
        ]
        let words =
            [UInt8]([2, 0, 0, 0])
            + acl.flatMap { entry in
                withUnsafeBytes(of: entry.tag.littleEndian, Array.init)
                    + withUnsafeBytes(of: entry.permissions.littleEndian, Array.init)
                    + withUnsafeBytes(of: entry.id.littleEndian, Array.init)
            }
        lower.add("shared", content: "shared", mode: 0o640, pax: ["SCHILY.xattr.system.posix_acl_access": words])
        // As tars of other programs have them.
        let text = Array("user::rw-,user:7:rw-,group::r--,group:8:r--,mask::r--,other::---".utf8)
        lower.add("listed", content: "listed", mode: 0o640, pax: ["SCHILY.acl.access": text])
        lower.add("listed-folder/", "5", mode: 0o640, pax: ["SCHILY.acl.access": text, "SCHILY.acl.default": text])
        lower.add("precise", content: "precise", pax: ["mtime": Array("1700000000.123456789".utf8)])
        lower.add("marked/", "5", pax: ["SCHILY.xattr.user.mark": Array("folder".utf8)])
        var upper = RawTar()
        upper.add("bin/.wh.gone", content: "")
        upper.add("bin/.wh.also-gone", content: "")
        upper.add("bin/new", content: "new")
        upper.add("replaced", content: "newer", mode: 0o600, modified: 99)
        upper.add("folder-becomes-file", content: "file")
        upper.folder("file-becomes-folder", mode: 0o700)
        upper.add("file-becomes-folder/inner", content: "inner")
        upper.add("home/deep/.wh.er", content: "")
        upper.add("lost+found/", "5", mode: 0o700)
        return [lower, upper]
    }()

    @Test func `the tools of ext4 find the tree, also those of an ordinary user`() async throws {
        let disk = try await making.disk("disk", Self.odd)
        try await making.check(disk)
        let header = try await requireTool("dumpe2fs", ["-h", disk.string])
        #expect(header.contains("Filesystem UUID:          01020304-0506-0708-090a-0b0c0d0e0f10"))
        #expect(header.contains("Filesystem volume name:   root"))
        #expect(header.contains("Directory Hash Seed:      11121314-1516-1718-191a-1b1c1d1e1f20"))
        #expect(header.contains("Filesystem created:       Tue Nov 14 22:13:20 2023"))
        #expect(header.contains("Last write time:          Tue Nov 14 22:13:20 2023"))
        for feature in ["has_journal", "resize_inode", "metadata_csum", "extent", "64bit", "flex_bg"] {
            #expect(header.contains(feature))
        }
        func cat(_ path: String) async throws -> String {
            try await requireTool("debugfs", ["-R", "cat \(path)", disk.string])
        }
        #expect(try await cat("/replaced") == "newer")
        #expect(try await cat("/bin/kept") == "gone")
        #expect(try await cat("/zeros") == String(repeating: "\0", count: 3 << 16) + "end")
        #expect(try await cat("/big").count == 1 << 20)
        #expect(try await cat("/file-becomes-folder/inner") == "inner")
        let kept = try await requireTool("debugfs", ["-R", "stat /bin/kept", disk.string])
        #expect(kept.contains("Links: 1"))
        let ping = try await requireTool("debugfs", ["-R", "ea_list /ping", disk.string])
        #expect(ping.contains("security.capability (20)"))
        let listed = try await requireTool("debugfs", ["-R", "ea_list /listed-folder", disk.string])
        #expect(listed.contains("system.posix_acl_access") && listed.contains("system.posix_acl_default"), "\(listed)")
    }

    @Test(.enabled(if: isRoot, "needs root to mount"))
    func `what the kernel reads is what the layers say`() async throws {
        let disk = try await making.disk("disk", Self.odd)
        let (mount, tar) = (try making.folder.makeFolder("mount"), making.folder.file("seen.tar"))
        try await requireTool(
            "unshare",
            [
                "--mount", "sh", "-ec",
                "mount -o ro,loop \"$1\" \"$2\"; tar --create --xattrs --xattrs-include='*' --numeric-owner --sort=name "
                    + "--format=posix --pax-option=delete=atime,delete=ctime --directory \"$2\" --file \"$3\" .; umount \"$2\"",
                "sh", disk.string, mount.string, tar.string,
            ]
        )
        var reader = try TarReader.open(try Descriptor.openForReading(tar))
        var seen: [String: (entry: TarEntry, content: [UInt8])] = [:]
        while let entry = try reader.next() { seen["\(entry.path)"] = (entry, try reader.readAll(limit: 1 << 24)) }
        let tree = try making.tree(Self.odd)
        for position in 1..<tree.count {
            let wanted = tree.entry(at: position)
            let known = seen.removeValue(forKey: "\(wanted.path)")
            let found = try #require(known, "\(wanted.path)")
            var entry = found.entry
            if entry.kind == .hardLink {
                let target = try #require(entry.hardLinkTarget)
                let other = try #require(tree.position(of: target))
                #expect(tree.source(at: other)?.file == tree.source(at: position)?.file, "\(wanted.path)")
                continue
            }
            if entry.kind == .symlink {
                #expect(entry.mode == 0o777)
                entry.mode = wanted.mode
            }
            #expect(entry == wanted)
            if let file = tree.file(at: position) {
                var content = [UInt8](repeating: 0, count: Int(file.contents.size))
                let layer = try Descriptor.openForReading(making.folder.file("tree-\(file.contents.layer).tar"))
                _ = try content.withUnsafeMutableBytes { try layer.read(into: $0, at: file.contents.offset) }
                #expect(found.content == content, "\(wanted.path)")
            }
        }
        #expect(seen.keys.sorted() == ["."])
    }

    @Test func `equal layers give equal disks`() async throws {
        let one = try await making.disk("one", Self.odd)
        #expect(try await making.difference(one, making.disk("two", Self.odd)) == 0)
    }

    /// With runs that are long enough for it beside those that are not; at the second place most file systems refuse them.
    @Test(arguments: [0, 1000]) func `a disk written past the cache is the same`(offset: Int64) throws {
        var tar = RawTar()
        for number in 0..<3 { tar.add("small-\(number)", content: "small") }
        let holes = String(repeating: "c", count: 1 << 16) + String(repeating: "\0", count: 1 << 16)
        for number in 0..<3 {
            tar.add("large-\(number)", content: String(repeating: "large \(number)\n", count: 1 << 18))
            tar.add("holes-\(number)", content: String(repeating: holes, count: 3))
        }
        let layers = [try making.layer("layer.tar", tar)]
        let paths = try [false, true].map { isDirect in
            let path = making.folder.file("disk-\(isDirect)")
            let disk = try Descriptor.open(path, flags: O_RDWR | O_CREAT, mode: 0o644)
            try disk.setLength(offset + (64 << 20))
            try DiskMaking.write(layers, on: disk, from: offset, size: 64 << 20, isDirect: isDirect)
            return path
        }
        #expect(try making.difference(paths[0], paths[1]) == 0)
    }

    @Test func `many names, pieces and blocks of extents are sound`() async throws {
        var tar = RawTar()
        tar.folder("many")
        for number in 0..<20_000 {
            tar.add("many/\(number)-\(String(repeating: "-", count: number % 50))", content: "")
        }
        // A piece of content after each hole, so that a block of extents is not enough.
        let piece = String(repeating: "c", count: 1 << 16) + String(repeating: "\0", count: 1 << 16)
        tar.add("holes", content: String(repeating: piece, count: 400))
        let disk = try await making.disk("disk", [tar], mebibytes: 128)
        try await making.check(disk)
        let extents = try await requireTool("debugfs", ["-R", "dump_extents -l /holes", disk.string])
        #expect(extents.split(separator: "\n").count == 401)
        let size = try #require(try FileStatus.ofExisting(disk)).size
        #expect(size == 128 << 20)
    }

    /// What is uploaded again after a change: 512 KiB at a time.
    @Test func `a later layer moves nothing of those below`() async throws {
        var base = RawTar()
        for number in 0..<2000 { base.add("usr/\(number % 40)/file-\(number)", content: "\(number)") }
        for number in 0..<200 { base.folder("usr/share/doc/\(number)") }
        for number in 0..<200 { base.add("usr/share/doc/\(number)/copyright", content: "\(number)") }
        for number in 0..<20 { base.add("usr/old/\(number)", content: "\(number)") }
        base.add("usr/lib/large", content: String(repeating: "library ", count: 1 << 19))
        var settings = RawTar()
        settings.folder("etc")
        settings.add("etc/daemon.conf", content: "debug = no\n", modified: 1)
        var application = RawTar()
        application.add("srv/app", content: String(repeating: "application ", count: 1 << 16))
        let before = try await making.disk("before", [base, settings, application])

        var longer = RawTar()
        longer.folder("etc")
        longer.add("etc/daemon.conf", content: "debug = no\nlog = yes\n", modified: 2)
        let line = try await making.disk("line", [base, longer, application])
        #expect(try making.difference(before, line) <= 4)

        var more = RawTar()
        let content = (0..<3 << 16).map { "\(10_000_000 + $0 * 7919 % 89_999_999)".prefix(16) }.joined()
        more.add("usr/lib/new", content: String(content.prefix(3_000_000)))
        let added = try await making.disk("added", [base, settings, application, more])
        #expect(try making.difference(before, added) <= 16)

        var fewer = RawTar()
        fewer.add("usr/lib/.wh.large", content: "")
        let removed = try await making.disk("removed", [base, settings, application, fewer])
        try await making.check(removed)
        // All of the file's own, which are free now, and what says so.
        #expect(try making.difference(before, removed) <= 8 + 5)

        // Folders, with what is in them, and one in whose place a file comes.
        var without = RawTar()
        without.add("usr/share/.wh.doc", content: "")
        without.add("usr/old", content: "a file")
        let folders = try await making.disk("folders", [base, settings, application, without])
        try await making.check(folders)
        #expect(try making.difference(before, folders) <= 12)
        // They keep their places when they come back.
        var back = RawTar()
        for number in 0..<200 { back.folder("usr/share/doc/\(number)") }
        let again = try await making.disk("again", [base, settings, application, without, back])
        try await making.check(again)
        #expect(try making.difference(folders, again) <= 6)
    }

    @Test func `what layers take away of the file system's own folder is there all the same`() async throws {
        var lower = RawTar()
        lower.add("lost+found/", "5", mode: 0o700)
        var upper = RawTar()
        upper.add(".wh.lost+found", content: "")
        upper.add("file", content: "file")
        let disk = try await making.disk("disk", [lower, upper])
        try await making.check(disk)
        #expect(try await requireTool("debugfs", ["-R", "stat /lost+found", disk.string]).contains("Inode: 11 "))
    }

    @Test func `times, links and numbers of folders at their bounds are sound`() async throws {
        var tar = RawTar()
        tar.add("late", content: "", modified: .max)
        tar.add("early", content: "", pax: ["mtime": Array("-2147483648".utf8)])
        tar.add("too-early", content: "", pax: ["mtime": Array("-99999999999".utf8)])
        tar.add("too-late", content: "", pax: ["mtime": Array("99999999999.5".utf8)])
        tar.add("precise", content: "", pax: ["mtime": Array("1700000000.123456789".utf8)])
        tar.add("late-and-precise", content: "", pax: ["mtime": Array("8000000000.5".utf8)])
        tar.add("file", content: "many names")
        for number in 0..<3000 { tar.add("names/\(number)", "1", link: "file") }
        for number in 0..<66_000 { tar.folder("folders/\(number)") }
        let disk = try await making.disk("disk", [tar], mebibytes: 640)
        try await making.check(disk)
        func stat(_ path: String) async throws -> String {
            try await requireTool("debugfs", ["-R", "stat \(path)", disk.string])
        }
        #expect(try await stat("/file").contains("Links: 3001 "))
        #expect(try await stat("/folders").contains("Links: 1 "))
        #expect(try await stat("/late").contains("mtime: 0xffffffff:00000001"))
        #expect(try await stat("/early").contains("mtime: 0x80000000:00000000"))
        #expect(try await stat("/too-early").contains("mtime: 0x80000000:00000000"))
        #expect(try await stat("/too-late").contains("mtime: 0x7fffffff:00000003"))
        for time in ["atime", "ctime", "crtime", "mtime"] {
            #expect(try await stat("/precise").contains("\(time): 0x6553f100:1d6f3454"))
        }
        #expect(try await stat("/late-and-precise").contains("mtime: 0xdcd65000:77359402"))
    }

    @Test func `a result that nobody waits for is given up`() throws {
        let disk = try Descriptor.open(making.folder.file("disk"), flags: O_RDWR | O_CREAT, mode: 0o644)
        try disk.setLength(64 << 20)
        let layers = try Self.odd.enumerated().map { try making.layer("\($0).tar", $1) }
        var calls = 0
        #expect(throws: CancellationError.self) {
            try DiskMaking.write(layers, on: disk, size: 64 << 20) {
                calls += 1
                if calls == 20 { throw CancellationError() }
            }
        }
        #expect(calls == 20)
    }

    @Test(arguments: [100, 3 << 20]) func `a layer that somebody has cut is an error`(length: Int64) throws {
        var tar = RawTar()
        tar.add("large", content: String(repeating: "large", count: 1 << 20))
        let layer = try making.layer("layer.tar", tar)
        let disk = try Descriptor.open(making.folder.file("disk"), flags: O_RDWR | O_CREAT, mode: 0o644)
        try disk.setLength(64 << 20)
        try Descriptor.open(making.folder.file("layer.tar"), flags: O_RDWR, mode: 0).setLength(length)
        let error = #expect(throws: SystemError.self) { try DiskMaking.write([layer], on: disk, size: 64 << 20) }
        #expect(
            error.map { "\($0)" }?.contains("layer.tar': Input/output error") == true,
            "\(error.map { "\($0)" } ?? "")"
        )
    }

    @Test func `a disk without room is refused with what it would need`() async throws {
        var tar = RawTar()
        tar.add("large", content: String(repeating: "large ", count: 1 << 22))
        let error = await #expect(throws: DiskError.self) { try await making.disk("small", [tar], mebibytes: 16) }
        #expect(error?.description.hasPrefix("a disk of 16777216 bytes has no room for the image") == true)
        var many = RawTar()
        for number in 0..<5000 { many.add("\(number)", content: "") }
        let inodes = await #expect(throws: DiskError.self) { try await making.disk("few", [many], mebibytes: 16) }
        #expect(inodes?.description.hasPrefix("a disk of 16777216 bytes has no room for the image") == true)
    }

    @Test func `what ext4 cannot hold is refused by name`() async throws {
        var lost = RawTar()
        lost.add("lost+found", content: "found")
        await #expect(
            throws: DiskError.unsupported(
                entry: "/lost+found",
                reason: "every ext4 file system needs a folder of that name"
            )
        ) {
            try await making.disk("lost", [lost])
        }
        var noted = RawTar()
        noted.add("noted", content: "", pax: ["SCHILY.xattr.user.note": [UInt8](repeating: 7, count: 5000)])
        let reason = "there is no room for its extended attribute 'user.note' of 5000 bytes"
        await #expect(throws: DiskError.unsupported(entry: "/noted", reason: reason)) {
            try await making.disk("noted", [noted])
        }
        func refuse(_ reason: String, _ add: (inout RawTar) -> Void) async {
            var tar = RawTar()
            add(&tar)
            await #expect(throws: DiskError.unsupported(entry: "/odd", reason: reason)) {
                try await making.disk("odd", [tar])
            }
        }
        await refuse("its target is empty") { $0.add("odd", "2", link: "") }
        await refuse("its target has more than 4095 bytes") {
            $0.add("odd", "2", link: String(repeating: "t", count: 4096))
        }
        await refuse("Linux has no device 4096:0") { $0.add("odd", "3", device: (4096, 0)) }
        await refuse("Linux has no extended attribute 'com.apple.quarantine'") {
            $0.add("odd", content: "", pax: ["SCHILY.xattr.com.apple.quarantine": [1]])
        }
        var linked = RawTar()
        linked.add("odd", content: "")
        for number in 0..<65_000 { linked.add("\(number)", "1", link: "odd") }
        let links = "it has 65001 names, and a file has 65000 at most"
        await #expect(throws: DiskError.unsupported(entry: "/odd", reason: links)) {
            try await making.disk("linked", [linked], mebibytes: 512)
        }
        var name = RawTar()
        let long = String(repeating: "n", count: 256)
        name.add(long, content: "")
        let error = await #expect(throws: DiskError.self) { try await making.disk("name", [name]) }
        #expect(
            error?.description == "'/\(long)' has no place in an ext4 file system: its name has more than 255 bytes"
        )
    }
}
