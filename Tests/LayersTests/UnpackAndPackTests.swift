import Glibc
import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

let isRoot = geteuid() == 0

/// The suite runs a second time in a user namespace, where the kernel forbids devices and `trusted` attributes.
let isInNamespace = getenv("OVENBIRD_TEST_USER_NAMESPACE") != nil
private let options = isInNamespace ? LayerUnpacker.Options.userNamespace : LayerUnpacker.Options()
private let overlayXattr = isInNamespace ? "user.overlay" : "trusted.overlay"
private let overlayOptions = isInNamespace ? "userxattr," : ""

/// Real folders, as root: owners, devices and overlay marks need it.
@Suite(.enabled(if: isRoot, "needs root")) struct UnpackAndPackTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func makeFolder(_ name: String) throws -> Descriptor {
        try Descriptor.openFolder(folder.makeFolder(name, mode: 0o700))
    }

    private func find(_ name: String) async throws -> [String] {
        let format = "%P %y %#m %U:%G %n %T@ %l\\n"
        return try await requireTool("find", [folder.file(name).string, "-mindepth", "1", "-printf", format])
            .split(separator: "\n").map { String($0).trimmingEnd() }.sorted()
    }

    private func pack(_ name: String, _ options: LayerPacker.Options) throws -> (WrittenLayer, FilePath) {
        let path = folder.file("\(name)-packed.tar")
        var writer = try TarWriter.open(to: try Descriptor.open(path, flags: 0o1101, mode: 0o644), name: "packed")
        try LayerPacker.pack(try Descriptor.openFolder(folder.file(name)), options: options, into: &writer)
        return (try writer.finish(), path)
    }

    static let sample = fullSample.filter { !(isInNamespace && $0.entry.kind == .characterDevice) }

    private static let fullSample: [Sample] = [
        .folder("bin", modified: 5), .file("bin/su", "#!", mode: 0o4755, modified: 7), .hardLink("bin/sudo", "bin/su"),
        Sample(TarEntry(path: "dev", kind: .directory, mode: 0o755)),
        Sample(
            TarEntry(path: "dev/null", kind: .characterDevice, mode: 0o666, modified: 3, deviceMajor: 1, deviceMinor: 3)
        ),
        Sample(TarEntry(path: "home", kind: .directory, mode: 0o500, owner: 33, group: 33, modified: 9)),
        Sample(
            TarEntry(
                path: "home/ping",
                kind: .regular,
                mode: 0o600,
                owner: 33,
                group: 34,
                xattrs: [
                    .init(name: "security.capability", value: [1, 0, 0, 2, 0, 32] + [UInt8](repeating: 0, count: 14)),
                    .init(name: "user.note", value: [1, 2]),
                ]
            )
        ),
        Sample(TarEntry(path: "pipe", kind: .fifo, mode: 0o640)),
        .symlink("sh", "/bin/dash"), .folder("tmp", mode: 0o1777),
    ]

    @Test func `a tree survives unpacking and packing`() async throws {
        let stack = try Stack(folder, [Self.sample])
        let target = try makeFolder("root")
        try LayerUnpacker.unpack(stack.tree(), layers: stack.files, name: "image", into: target, options: options)
        let found = [
            "bin d 0755 0:0 2 5.0000000000", "bin/su f 04755 0:0 2 7.0000000000",
            "bin/sudo f 04755 0:0 2 7.0000000000",
            "dev d 0755 0:0 2 0.0000000000", "dev/null c 0666 0:0 1 3.0000000000",
            "home d 0500 33:33 2 9.0000000000",
            "home/ping f 0600 33:34 1 0.0000000000", "pipe p 0640 0:0 1 0.0000000000",
            "sh l 0777 0:0 1 0.0000000000 /bin/dash", "tmp d 01777 0:0 2 0.0000000000",
        ]
        #expect(try await find("root") == found.filter { !(isInNamespace && $0.contains(" c ")) })
        let again = try pack("root", .init(source: .folder, latestTime: 1 << 40))
        let entries = try readTar(again.1).map(\.entry)
        #expect(entries.map(\.path) == Self.sample.map(\.entry.path))
        for (packed, sample) in zip(entries, Self.sample) where sample.entry.kind != .hardLink {
            #expect(packed == sample.entry)
        }
        #expect(entries[2].kind == .hardLink && entries[2].hardLinkTarget == "bin/su")
        // Times are clamped, and names can be left out, with all that is in them.
        let clamped = try pack(
            "root",
            .init(source: .folder, latestTime: 4, excludes: { $0 == "home" || $0 == "bin/su" })
        )
        let packed = try readTar(clamped.1).map(\.entry)
        #expect(
            packed.map(\.path) == ["bin", "bin/sudo", "dev"] + (isInNamespace ? [] : ["dev/null"]) + [
                "pipe", "sh", "tmp",
            ]
        )
        #expect(packed.map(\.modified).max() == 4)
        #expect(packed[1].kind == .regular)
    }

    @Test func `a layer becomes a lower folder of overlayfs`() async throws {
        let stack = try Stack(
            folder,
            [
                [
                    .folder("d"), .file("d/low", ""), .file("gone", ""), .folder("again"), .file("again/low", ""),
                    .folder("tmp", mode: 0o1777),
                ],
                [
                    .folder("d"), .file("d/.wh..wh..opq", ""), .file("d/new", "n"), .file(".wh.gone", ""),
                    .file(".wh.again", ""), .folder("again"), .file("again/new", ""), .file("tmp/x", ""),
                ],
            ]
        )
        let tree = try MergedTree(layers: [stack.listings[0]])
        for (index, below) in [nil, tree].enumerated() {
            try LayerUnpacker.unpack(
                stack.files[index],
                listing: stack.listings[index],
                name: "layer",
                into: try makeFolder("l\(index + 1)"),
                over: below,
                options: options
            )
        }
        #expect(
            try await find("l2").map { $0.split(separator: " ").prefix(3).joined(separator: " ") } == [
                "again d 0755", "again/new f 0644", "d d 0755", "d/new f 0644", "gone c 0600", "tmp d 01777",
                "tmp/x f 0644",
            ]
        )
        let root = folder.path.string
        let list =
            """
            cd \(root)
            mount -t overlay overlay -o \(overlayOptions)lowerdir=l2:l1 merged
            cd merged; find . | sort
            """
        try folder.makeFolder("merged")
        let seen = try await requireTool("unshare", ["-m", "sh", "-ec", list])
        #expect(seen == ".\n./again\n./again/new\n./d\n./d/new\n./tmp\n./tmp/x\n")
        #expect(seen.split(separator: "\n").count == (try stack.tree().count))
    }

    @Test func `what a step did to an overlay becomes a layer, and is the same tree again`() async throws {
        let base: [Sample] = [
            .folder("etc"), .file("etc/a", "1"), .file("etc/b", "1"), .folder("old"), .file("old/x", ""),
            .folder("opt"),
            .file("opt/low", ""), .file("touched", "same"),
        ]
        let stack = try Stack(folder, [base])
        try LayerUnpacker.unpack(
            stack.files[0],
            listing: stack.listings[0],
            name: "base",
            into: try makeFolder("lower"),
            options: options
        )
        for name in ["upper", "work", "merged"] { try folder.makeFolder(name) }
        let root = folder.path.string
        let script = """
            cd \(root)
            mount -t overlay overlay -o \(overlayOptions)lowerdir=lower,upperdir=upper,workdir=work merged
            cd merged
            umask 077
            echo two > etc/a; rm etc/b; rm -r old; rm -r opt; mkdir -m 755 opt; echo in > opt/new
            ln opt/new opt/link; mkfifo pipe; \(isInNamespace ? "" : "mknod null c 1 3;") ln -s nowhere link
            touch su; setfattr -n user.note -v hot su; chown 33:34 su
            chmod 6755 su; setcap cap_net_raw+ep su
            touch -d @100 early; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
            """
        try await requireTool("unshare", ["-m", "sh", "-ec", script])
        let (written, path) = try pack("upper", .init(source: .overlayUpper, latestTime: 1000))
        let packed = try readTar(path).map(\.entry)
        let expected = [
            ".wh.old regular 0 1000", "early regular 600 100", "etc directory 755 1000", "etc/.wh.b regular 0 1000",
            "etc/a regular 644 1000", "link symlink 777 1000", "null characterDevice 600 1000",
            "opt directory 755 1000",
            "opt/.wh..wh..opq regular 0 1000", "opt/link regular 600 1000", "opt/new hardLink 600 1000",
            "pipe fifo 600 1000", "su regular 6755 1000",
        ]
        let described = packed.map { "\($0.path) \($0.kind) \(String($0.mode, radix: 8)) \($0.modified)" }
        #expect(described == expected.filter { !(isInNamespace && $0.hasPrefix("null ")) })
        let su = try #require(packed.last)
        #expect(su.xattrs.map(\.name) == ["security.capability", "user.note"])
        #expect((su.owner, su.group) == (33, 34))
        #expect(packed.allSatisfy { entry in entry.xattrs.allSatisfy { !$0.name.contains("overlay") } })

        let tree = try MergedTree(layers: [stack.listings[0], written.listing])
        #expect(
            tree.paths == "early etc etc/a link \(isInNamespace ? "" : "null ")opt opt/link opt/new pipe su touched"
        )
        let gnu = try await requireTool("tar", ["-tf", path.string])
        #expect(gnu == (try await requireTool("bsdtar", ["-tf", path.string])))
        // Packing again gives the same bytes, whatever the time of reading did.
        #expect(try pack("upper", .init(source: .overlayUpper, latestTime: 1000)).0.digest == written.digest)
    }

    @Test func `rows 10 to 12: special files are not opened, hostile attributes do not reach the disk`() async throws {
        let hostile: [ExtendedAttribute] = [
            .init(name: "trusted.overlay.opaque", value: [121]), .init(name: "user.overlay.opaque", value: [121]),
            .init(name: "security.selinux", value: [120]), .init(name: "user.kept", value: [1]),
        ]
        let stack = try Stack(
            folder,
            [
                [
                    Sample(TarEntry(path: "d", kind: .directory, mode: 0o2755, xattrs: hostile)),
                    Sample(TarEntry(path: "d/fifo", kind: .fifo, mode: 0o666)), .hardLink("d/link", "d/fifo"),
                    Sample(TarEntry(path: "null", kind: .characterDevice, mode: 0o666, deviceMajor: 1, deviceMinor: 3)),
                    .hardLink("null.link", "null"),
                ]
            ]
        )
        let target = try makeFolder("out")
        try LayerUnpacker.unpack(
            stack.files[0],
            listing: stack.listings[0],
            name: "l",
            into: target,
            options: .userNamespace
        )
        #expect(try await find("out").map { $0.split(separator: " ")[0] } == ["d", "d/fifo", "d/link"])
        let attributes = try target.openBelow(Array("d".utf8), flags: 0).xattrs()
        #expect(attributes.map(\.name) == ["user.kept"])
    }

    @Test func `what a layer cannot hold is refused by name`() throws {
        let upper = try makeFolder("up")
        try folder.write("", to: "up/.wh.mine")
        let options = LayerPacker.Options(source: .overlayUpper, latestTime: 0)
        #expect(
            message { _ = try pack("up", options) }
                == "packed: entry '.wh.mine': "
                + "a layer cannot hold a name that begins with '.wh.', which marks what is taken away"
        )
        try Files.removeFile(folder.file("up/.wh.mine"))
        try upper.makeFolder(named: Array("moved".utf8), mode: 0o755)
        try upper.setXattr("\(overlayXattr).redirect", Array("/old".utf8), of: Array("moved".utf8))
        #expect(
            message { _ = try pack("up", options) }
                == "packed: entry 'moved': "
                + "overlayfs left '\(overlayXattr).redirect' on it, so that part of it lies in a layer below"
        )
    }

    @Test func `rows 5 and 8: nothing is made through a link`() async throws {
        // The last entry of a name counts; its facts go to the link, never to what it leads to.
        let probe = try folder.write("untouched", to: "probe", mode: 0o600)
        let before = try FileStatus.ofExisting(probe)
        var link = TarEntry.symlink("x", to: Array(probe.string.utf8), modified: 77)
        link.owner = 5
        let stack = try Stack(folder, [[.folder("x", mode: 0o777), Sample(link)]])
        let target = try makeFolder("out")
        try LayerUnpacker.unpack(stack.files[0], listing: stack.listings[0], name: "l", into: target)
        #expect(try await find("out") == ["x l 0777 5:0 1 77.0000000000 \(probe.string)"])
        #expect(try FileStatus.ofExisting(probe) == before)
    }

    @Test func `row 7: a folder swapped for a link stops the unpacking`() throws {
        let stack = try Stack(folder, [[.folder("d"), .file("d/x", "1"), .folder("d/e"), .file("d/e/x", "")]])
        let target = try makeFolder("out")
        try target.makeSymlink(named: Array("d".utf8), to: Array("/tmp".utf8))
        let failure = message {
            try LayerUnpacker.unpack(stack.files[0], listing: stack.listings[0], name: "l", into: target)
        }
        #expect(failure == "l: entry 'd': cannot make the folder '\(folder.file("out/d"))': File exists")
    }

    @Test func `a truncated layer is named`() throws {
        let stack = try Stack(folder, [[.file("a", "123456")]])
        let cut = try Descriptor.openForReading(folder.write([UInt8](repeating: 0, count: 514), to: "cut.tar"))
        let failure = message {
            try LayerUnpacker.unpack(cut, listing: stack.listings[0], name: "cut", into: try makeFolder("out"))
        }
        #expect(failure == "cut: entry 'a': the layer ends 4 bytes before its end")
    }
}

extension String {
    fileprivate func trimmingEnd() -> String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
