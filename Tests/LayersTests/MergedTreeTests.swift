import SystemIO
import TestSupport
import Testing

@testable import Layers

@Suite struct MergedTreeTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `upper layers replace, add and take away`() throws {
        let stack = try Stack(
            folder,
            [
                [
                    .folder("etc"), .file("etc/a", "1"), .file("etc/b", "1"), .folder("old"), .file("old/x", "1"),
                    .file("turns", "file"), .folder("wide"), .file("wide/y", "1"),
                ],
                [
                    .file("etc/.wh.b", ""), .file("etc/a", "2"), .file(".wh.old", ""), .folder("turns"),
                    .file("turns/in", "2"),
                    .file("wide", "file"),
                ],
            ]
        )
        let tree = try stack.tree()
        #expect(tree.paths == "etc etc/a turns turns/in wide")
        #expect(try stack.text(tree, "etc/a") == "2")
        #expect(tree.layer(of: "etc") == 0)
        #expect(tree.layer(of: "etc/a") == 1)
        #expect(tree.children(of: .root).map(\.path) == ["etc", "turns", "wide"])
        #expect(tree.children(of: "etc").map(\.path) == ["etc/a"])
        #expect(tree.entries(from: "turns").map(\.path) == ["turns", "turns/in"])
        #expect(tree.contents(of: "etc") == nil)
        #expect(!tree.contains("old/x"))
    }

    @Test func `row 9: whiteouts take from the layers below only`() throws {
        let stack = try Stack(
            folder,
            [
                [.folder("d"), .file("d/low", "1"), .file("keep", "1"), .file("top", "1")],
                [
                    .folder("d"), .file("d/mine", "2"), .file("d/.wh..wh..opq", ""), .file("keep", "2"),
                    .file(".wh.keep", ""), .folder("n"), .file("n/new", "2"),
                ],
                [.file(".wh.n", ""), .file("n/again", "3")],
            ]
        )
        let tree = try stack.tree()
        #expect(tree.paths == "d d/mine keep n n/again top")
        #expect(try stack.text(tree, "keep") == "2")
        let bare = try Stack(folder, [[.file("a", ""), .folder("b")], [.file(".wh..wh..opq", ""), .file("c", "")]])
        #expect(try bare.tree().paths == "c")
    }

    @Test(arguments: [
        (".wh.", "is a whiteout of nothing that can exist"), (".wh..", "is a whiteout of nothing that can exist"),
        (".wh...", "is a whiteout of nothing that can exist"),
        ("d/.wh..wh.plnk", "is a whiteout of nothing that can exist"),
        (".wh.d/x", "'.wh.' begins the name of a whiteout, which is a plain file"),
    ])
    func `row 9: whiteouts of nothing are refused`(name: String, reason: String) throws {
        let stack = try Stack(folder, [[Sample(.regular(try EntryPath(name), size: 0))]])
        #expect(message { _ = try stack.tree() } == "layer 1: entry '\(name)': \(reason)")
    }

    @Test func `row 9: a whiteout that is no plain file is refused`() throws {
        let stack = try Stack(folder, [[.file("a", "x"), .hardLink(".wh.a", "a")]])
        #expect(
            message { _ = try stack.tree() }
                == "layer 1: entry '.wh.a': '.wh.' begins the name of a whiteout, which is a plain file"
        )
        let device = TarEntry(path: "hidden", kind: .characterDevice, mode: 0)
        #expect(
            message { _ = try Stack(folder, [[Sample(device)]]).tree() }
                == "layer 1: entry 'hidden': is a character device 0:0, which hides files"
        )
    }

    @Test func `row 3: an entry below a symlink of the same layer is refused`() throws {
        for samples: [Sample] in [
            [.symlink("etc", "/tmp/probe"), .file("etc/x", "")], [.file("etc/x", ""), .symlink("etc", "/tmp/probe")],
        ] {
            let stack = try Stack(folder, [samples])
            #expect(
                message { _ = try stack.tree() }
                    == "layer 1: entry 'etc/x': lies below 'etc', which is not a directory in the same layer"
            )
        }
    }

    @Test func `row 3: an entry below a symlink of a lower layer lands where it leads inside the root`() throws {
        let stack = try Stack(
            folder,
            [
                [
                    .folder("usr"), .folder("usr/lib"), .symlink("lib", "usr/lib"),
                    .symlink("etc", "../../../tmp/probe"),
                ],
                [.file("lib/new", "2"), .file("etc/x", "2"), .hardLink("lib/link", "lib/new")],
                [.file("lib/.wh.new", "")],
            ]
        )
        let tree = try stack.tree()
        #expect(tree.paths == "etc lib tmp tmp/probe tmp/probe/x usr usr/lib usr/lib/link")
        #expect(try stack.text(tree, "usr/lib/link") == "2")
        #expect(tree.redirections[1]["etc"] == "tmp/probe")
        #expect(tree.redirections[1]["lib"] == "usr/lib")
        #expect(tree.redirections[1]["usr"] == nil)
    }

    /// One after another they would take hours.
    @Test(.timeLimit(.minutes(1))) func `many symlinks of a lower layer are followed together`() throws {
        let count = 10_000
        var low: [LayerListing.Item] = []
        var high: [LayerListing.Item] = []
        for number in 0..<count {
            low.append(.init(entry: .directory(try EntryPath("d/\(number)")), dataOffset: 0))
            low.append(
                .init(entry: .symlink(try EntryPath("l\(number)"), to: Array("d/\(number)".utf8)), dataOffset: 0)
            )
            high.append(.init(entry: .regular(try EntryPath("l\(number)/f"), size: 0), dataOffset: 0))
        }
        let tree = try MergedTree(layers: [LayerListing(items: .init(low)), LayerListing(items: .init(high))])
        #expect(tree.contains("d/9999/f"))
        #expect(tree.entry(at: "l9999")?.kind == .symlink)
        #expect(tree.count == 3 * count + 2)
    }

    @Test func `symlinks below symlinks are followed to an end`() throws {
        func layers(_ depth: Int) throws -> [LayerListing] {
            var low: [LayerListing.Item] = []
            var path = "s"
            for number in 0..<depth {
                low.append(
                    .init(
                        entry: .symlink(
                            try EntryPath(number == 0 ? "s" : "r\(number - 1)/s"),
                            to: Array("/r\(number)".utf8)
                        ),
                        dataOffset: 0
                    )
                )
                low.append(.init(entry: .directory(try EntryPath("r\(number)")), dataOffset: 0))
                if number > 0 { path += "/s" }
            }
            let file = TarEntry.regular(try EntryPath(path + "/f"), size: 0)
            return [
                LayerListing(items: .init(low)),
                LayerListing(items: .init([.init(entry: file, dataOffset: 0)])),
            ]
        }
        #expect(try MergedTree(layers: layers(40)).contains("r39/f"))
        #expect(
            message { _ = try MergedTree(layers: layers(42)) }
                == "layer 2: has entries that lead through more than 40 symlinks of the layers below"
        )
    }

    @Test func `folders that a layer only implies are counted, with their names`() throws {
        // Each entry of 4 KB implies 4 MB of names: together they would fill the memory.
        let items = try (0..<200).map { number in
            let path = try EntryPath("\(number)/" + String(repeating: "a/", count: 2040) + "f")
            return LayerListing.Item(entry: .regular(path, size: 0), dataOffset: 0)
        }
        let text = try #require(message { _ = try MergedTree(layers: [LayerListing(items: .init(items))]) })
        #expect(text.hasPrefix("layer 1: entry '"))
        #expect(text.contains("f': lies in more folders without entries than are allowed: the layer implies "))
        let few = LayerListing(items: .init(items.prefix(3)))
        let limits = ArchiveLimits(entryCount: 5000)
        #expect(
            message { _ = try LayerChanges(few, name: "x", limits: limits) { (path) throws(LayerError) in path } }?
                .hasSuffix("the layer implies 6123, with 12497043 bytes of names") == true
        )
    }

    @Test func `row 6: a hard link names only what is before it in its layer`() throws {
        let cases: [([Sample], String)] = [
            (
                [.hardLink("a", "etc/shadow")],
                "is a hard link to 'etc/shadow', which is not before it in the same layer"
            ),
            ([.hardLink("a", "b"), .file("b", "")], "is a hard link to 'b', which is not before it in the same layer"),
            ([.folder("d"), .hardLink("a", "d")], "is a hard link to 'd', which is a directory"),
        ]
        for (samples, reason) in cases {
            #expect(message { _ = try Stack(folder, [samples]).tree() } == "layer 1: entry 'a': \(reason)")
        }
        let below = try Stack(folder, [[.file("b", "")], [.hardLink("a", "b")]])
        #expect(message { _ = try below.tree() }?.hasPrefix("layer 2: entry 'a': is a hard link to 'b'") == true)
    }

    @Test func `hard links share content and identity, until a layer replaces one`() throws {
        let stack = try Stack(
            folder,
            [[.file("a", "one"), .hardLink("b", "a"), .hardLink("c", "b")], [.file("a", "two")]]
        )
        let tree = try stack.tree()
        #expect(tree.entry(at: "c")?.kind == .regular)
        #expect(try stack.text(tree, "c") == "one")
        #expect(tree.identity(of: "b") == tree.identity(of: "c"))
        #expect(tree.identity(of: "a") != tree.identity(of: "b"))
        var flat: [String] = []
        try tree.flattened { (entry, contents) throws(LayerError) in
            flat.append(
                "\(entry.path) \(entry.kind) \(contents?.size ?? -1) "
                    + String(decoding: entry.linkTarget, as: UTF8.self)
            )
        }
        #expect(flat == [". directory -1 ", "a regular 3 ", "b regular 3 ", "c hardLink -1 b"])
    }

    @Test func `row 15: of two entries with one name the later counts`() throws {
        let stack = try Stack(folder, [[.file("a", "1"), .hardLink("l", "a"), .file("a", "22")]])
        let tree = try stack.tree()
        #expect(try stack.text(tree, "a") == "22")
        #expect(try stack.text(tree, "l") == "1")
    }

    @Test(arguments: [
        ("bin/sh", true, "usr/bin/dash"), ("bin/sh", false, "usr/bin/sh"), ("bin", false, "bin"),
        ("bin", true, "usr/bin"),
        ("up/x", true, "x"), ("abs/new/deep", true, "usr/bin/new/deep"), ("none/x", true, "none/x"),
        ("dangling", true, "gone/for/good"), ("dangling/x", true, "gone/for/good/x"), ("", true, ""),
    ])
    func `paths are resolved inside the root`(path: String, follow: Bool, expected: String) throws {
        let stack = try Stack(
            folder,
            [
                [
                    .symlink("abs", "/bin/."), .symlink("bin", "usr/bin"), .symlink("dangling", "/gone/for/good"),
                    .symlink("up", "../../.."), .folder("usr"), .folder("usr/bin"), .file("usr/bin/dash", ""),
                    .symlink("usr/bin/sh", "dash"),
                ]
            ]
        )
        #expect(try stack.tree().resolve(EntryPath(path), followFinal: follow) == EntryPath(expected))
    }

    @Test func `loops and files on the way end the walk`() throws {
        let tree = try Stack(folder, [[.file("f", ""), .symlink("a", "b"), .symlink("b", "a")]]).tree()
        #expect(
            message { _ = try tree.resolve("a/x") } == "rootfs: entry 'a/x': leads through more than 40 symlinks"
        )
        #expect(
            message { _ = try tree.resolve("f/x") } == "rootfs: entry 'f/x': 'f' on the way is not a directory"
        )
        #expect(try tree.resolve("a", followFinal: false) == "a")
    }

    @Test func `implied directories keep what is below them`() throws {
        let stack = try Stack(folder, [[.folder("tmp", mode: 0o1777)], [.file("tmp/a/b", "")]])
        let tree = try stack.tree()
        #expect(tree.entry(at: "tmp")?.mode == 0o1777)
        #expect(tree.entry(at: "tmp/a") == .directory("tmp/a"))
        #expect(try stack.listings[0].isSelfContained(name: "1"))
        #expect(try !stack.listings[1].isSelfContained(name: "2"))
    }

    @Test func `a layer may come in any order, with its root anywhere`() throws {
        func tree(_ paths: String...) throws -> [String] {
            let items = try paths.map { name in
                LayerListing.Item(entry: .directory(try EntryPath(name), mode: 0o700), dataOffset: 0)
            }
            return try MergedTree(layers: [LayerListing(items: .init(items))]).entries().map { "\($0.path) \($0.mode)" }
        }
        let expected = [". 448", "a 448", "b 448", "b/c 448"]
        #expect(try tree(".", "a", "b", "b/c") == expected)
        #expect(try tree("b", ".", "a", "b/c") == expected)
        #expect(try tree("b/c", "b", "a", ".") == expected)
    }

    /// What is quadratic in these does not end in time.
    @Test(.timeLimit(.minutes(2))) func `row 14: large trees merge in near-linear time`() throws {
        func items(_ count: Int, _ name: (Int) -> String) throws -> LayerListing {
            var items = LayerListing.Items()
            for number in 0..<count {
                items.append(.init(entry: .regular(try EntryPath(name(number)), size: 0), dataOffset: 0))
            }
            return LayerListing(items: items)
        }
        let base = try items(20_000) { "d\($0 / 100)/f\($0)" }
        let whiteouts = try items(20_000) { "d\($0 / 100)/.wh.f\($0)" }
        let deep = try items(400) { String(repeating: "a/", count: $0 + 1) + "x" }
        let tree = try MergedTree(layers: [base, whiteouts, deep])
        #expect(tree.count == 1 + 200 + 800)
    }
}
