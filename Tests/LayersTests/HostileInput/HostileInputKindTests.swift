import Glibc
import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Whiteouts, special files and attributes; the numbers are those of the page on hostile input.
@Suite(.enabled(if: isRoot, "is started by another test")) struct HostileInputKindTests {
    let kitchen: HostileKitchen

    init() throws { kitchen = try HostileKitchen() }

    @Test(arguments: [".wh.", ".wh..", ".wh...", "d/.wh.", ".wh..wh.", ".wh..wh.plnk", ".wh..wh.aufs"])
    func `row 9: a whiteout of nothing is refused`(name: String) throws {
        let tar = raw {
            $0.folder("d")
            $0.add(name)
        }
        #expect(
            try kitchen.refusal(tar) == "layer 1: entry '\(name)': is a whiteout of nothing that can exist"
        )
    }

    @Test func `row 9: a whiteout is a plain file, and nothing lies in it`() throws {
        let why = "'.wh.' begins the name of a whiteout, which is a plain file"
        for type in "12356" {
            let tar = raw {
                $0.add("file")
                $0.add(".wh.x", type, link: "12".contains(type) ? "file" : "", device: (1, 3))
            }
            #expect(try kitchen.refusal(tar) == "layer 1: entry '.wh.x': \(why)", "type \(type)")
        }
        #expect(try kitchen.refusal(raw { $0.add(".wh.x/y") }) == "layer 1: entry '.wh.x/y': \(why)")
        #expect(
            try kitchen.refusal(raw { $0.add("x", "3") })
                == "layer 1: entry 'x': is a character device 0:0, which hides files"
        )
    }

    @Test func `row 9: a whiteout takes from lower layers only, and never from outside`() throws {
        let outside = kitchen.folder.path.string
        let tree = try kitchen.unpack([
            raw {
                $0.add("out", "2", link: outside)
                $0.add("up", "2", link: "../../..\(outside)")
                $0.folder("d")
                $0.add("d/old")
                $0.add("gone")
            },
            raw {
                $0.add("out/.wh.probe")
                $0.add("up/.wh..wh..opq")
                $0.add("new")
                $0.add(".wh.new")
                $0.add(".wh.gone")
                $0.folder("d")
                $0.add("d/new")
                $0.add("d/.wh..wh..opq")
            },
        ])
        #expect(try kitchen.isUntouched())
        #expect(tree.contains("new") && tree.contains("d/new"))
        #expect(!tree.contains("gone") && !tree.contains("d/old"))
        #expect(try kitchen.kind("new") == .regular && kitchen.kind("d/new") == .regular)
        #expect(try kitchen.kind("gone") == nil && kitchen.kind("d/old") == nil)
    }

    @Test func `row 9: an opaque root empties the tree and nothing else`() throws {
        let layers = [raw { $0.add("old") }, raw { $0.add(".wh..wh..opq") }]
        #expect(message { try kitchen.unpack(layers) }?.hasSuffix("which overlayfs does not know of a root") == true)
        #expect(try kitchen.isUntouched() && kitchen.kind("old") == nil)
    }

    /// An open FIFO would wait for a writer; a device would be read.
    @Test(.timeLimit(.minutes(1))) func `row 10: special files are facts, and are never opened`() throws {
        let tree = try kitchen.unpack([
            raw {
                $0.add("fifo", "6")
                $0.add("link", "1", link: "fifo")
                $0.add("zero", "3", mode: 0o666, device: (1, 5))
                $0.add("disk", "4", mode: 0o666, device: (8, 0))
                $0.add("disk2", "1", link: "disk")
            }
        ])
        #expect(tree.entry(at: "disk2").map { [$0.deviceMajor, $0.deviceMinor] } == [8, 0])
        #expect(try kitchen.kind("fifo") == .fifo && kitchen.kind("link") == .fifo)
        let out = try Descriptor.openFolder(kitchen.folder.file("out"))
        var writer = try TarWriter.open(name: "packed") { _ in }
        try LayerPacker.pack(out, options: .init(source: .folder, latestTime: 0), into: &writer)
        let packed = try writer.finish().listing.items.map(\.entry.kind)
        #expect(packed.filter { $0 == .fifo || $0 == .hardLink }.count >= 2)
        // Where the kernel forbids devices they are left out, with their further names.
        #expect(try kitchen.kind("zero") == (HostileKitchen.options.deviceNodes == .skip ? nil : .characterDevice))
    }

    @Test func `row 11: setuid, setgid, sticky and capabilities are kept, in a folder that is private`() throws {
        let capability: [UInt8] = [1, 0, 0, 2, 0, 32] + [UInt8](repeating: 0, count: 14)
        let tree = try kitchen.unpack([
            raw {
                $0.folder("tmp", mode: 0o1777)
                $0.add("su", content: "#!", mode: 0o4755)
                $0.add("sg", content: "#!", mode: 0o2755)
                $0.add("ping", content: "#!", mode: 0o755, pax: ["SCHILY.xattr.security.capability": capability])
            }
        ])
        #expect(tree.entries().dropFirst().map(\.mode) == [0o755, 0o2755, 0o4755, 0o1777])
        for (name, mode) in [("su", 0o4755), ("sg", 0o2755), ("tmp", 0o1777)] as [(String, UInt32)] {
            #expect(try FileStatus.ofExisting(kitchen.folder.file("out/\(name)"))?.mode == mode)
        }
        let out = try Descriptor.openFolder(kitchen.folder.file("out"))
        let found = try out.openBelow(Array("ping".utf8), flags: O_RDONLY).xattrs()
        #expect(found.first { $0.name == "security.capability" }?.value.count ?? 0 >= 20)
    }

    @Test func `row 12: attributes that speak to overlayfs or to the host's policy stay out`() throws {
        try kitchen.unpack([
            raw {
                $0.add("a")
                $0.folder("d")
                $0.add("d/inside")
            },
            raw {
                $0.add(
                    "d",
                    "5",
                    mode: 0o755,
                    pax: [
                        "SCHILY.xattr.trusted.overlay.opaque": [121], "SCHILY.xattr.user.overlay.opaque": [121],
                        "SCHILY.xattr.trusted.overlay.redirect": Array("/a".utf8),
                        "SCHILY.xattr.user.overlay.whiteout": [121],
                        "SCHILY.xattr.security.selinux": Array("x".utf8), "SCHILY.xattr.user.kept": [1],
                    ]
                )
                $0.add("a", pax: ["SCHILY.xattr.user.overlay.metacopy": [], "SCHILY.xattr.user.kept": [2]])
            },
        ])
        for (name, place) in [("d", "out"), ("a", "out"), ("d", "alone"), ("a", "alone")] {
            let root = try Descriptor.openFolder(kitchen.folder.file(place))
            let found = try root.openBelow(Array(name.utf8), flags: O_RDONLY).xattrs().map(\.name)
            #expect(found.filter { $0.contains("overlay") || $0.contains("selinux") } == [], "\(place)/\(name)")
            #expect(found.contains("user.kept"), "\(place)/\(name)")
        }
        #expect(try kitchen.kind("d/inside") == .regular)
        let huge = raw { $0.add("x", pax: ["SCHILY.xattr.user.a": [UInt8](repeating: 97, count: 2 << 20)]) }
        #expect(
            try kitchen.refusals(huge.finished).allSatisfy { $0.hasPrefix("t.tar: ") && !$0.hasSuffix("accepted") }
        )
    }
}
