import Glibc
import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Names and links that reach for what is outside; the numbers are those of the page on hostile input.
@Suite(.enabled(if: isRoot, "is started by another test")) struct HostileInputPathTests {
    let kitchen: HostileKitchen

    init() throws { kitchen = try HostileKitchen() }

    @Test(arguments: ["../x", "a/../../x", "./../x", "a/..", "/../x", "a/../x", "..", "b/../../../../etc/cron.d/x"])
    func `row 1: '..' in a name is refused by every reader`(name: String) throws {
        for type in "0125" {
            let tar = raw { $0.add(name, type, link: type == "1" || type == "2" ? "y" : "") }
            #expect(
                try kitchen.refusals(tar.finished) == ["t.tar: entry '\(name)': the name has a '..' component"],
                "type \(type)"
            )
            #expect(try kitchen.refusal(tar).contains("entry '\(name)': the name has a '..' component"))
        }
    }

    @Test func `row 2: an absolute name lies below the root`() throws {
        try kitchen.unpack([
            raw {
                $0.folder("/etc")
                $0.folder("//etc//cron.d/")
                $0.add("/etc/cron.d/x", content: "job")
                $0.add(kitchen.probe.string, content: "overwritten")
            }
        ])
        #expect(try Files.read(kitchen.folder.file("out/etc/cron.d/x")) == Array("job".utf8))
        #expect(try Files.read(kitchen.folder.file("out\(kitchen.probe)")) == Array("overwritten".utf8))
        #expect(try kitchen.isUntouched())
    }

    @Test func `row 3: nothing is written through a symlink of the same layer`() throws {
        let outside = kitchen.folder.path.string
        for links in [
            [("etc", outside)], [("etc", "../")], [("a", "b"), ("b", "c"), ("c", outside), ("etc", "a")],
        ] {
            let tar = raw { tar in
                for (name, target) in links { tar.add(name, "2", link: target) }
                tar.add("etc/probe", content: "overwritten")
            }
            #expect(
                try kitchen.refusal(tar)
                    == "layer 1: entry 'etc/probe': lies below 'etc', which is not a directory in the same layer"
            )
        }
    }

    @Test func `row 3: through a symlink of a lower layer it is written inside the root`() throws {
        let outside = kitchen.folder.path.string
        let tree = try kitchen.unpack([
            raw {
                $0.add("a", "2", link: "b")
                $0.add("b", "2", link: "./c")
                $0.add("c", "2", link: outside)
                $0.add("up", "2", link: "../../../..")
            },
            raw { $0.add("a/probe", content: "inside") },
            raw { $0.add("up/top", content: "at the top") },
        ])
        #expect(try kitchen.isUntouched())
        #expect(tree.contains(try EntryPath("\(outside)/probe")))
        #expect(try Files.read(kitchen.folder.file("out\(outside)/probe")) == Array("inside".utf8))
        #expect(try Files.read(kitchen.folder.file("out/top")) == Array("at the top".utf8))
    }

    @Test func `row 3: a chain of symlinks without an end is refused`() throws {
        let loop = raw {
            $0.add("a", "2", link: "b")
            $0.add("b", "2", link: "a")
        }
        #expect(
            try kitchen.refusal(loop, raw { $0.add("a/x") }) == "rootfs: entry 'a': leads through more than 40 symlinks"
        )
    }

    @Test(arguments: [".", "/", "./", "./."]) func `row 4: the root is nothing but a folder`(name: String) throws {
        // libarchive takes a file whose name ends in a slash for a folder, as old programs wrote them.
        for type in name.hasSuffix("/") ? "12346" : "012346" {
            let tar = raw { $0.add(name, type, link: "12".contains(type) ? "/tmp" : "", device: (1, 3)) }
            #expect(
                try kitchen.refusals(tar.finished) == ["t.tar: entry '\(name)': the root can only be a directory"],
                "type \(type)"
            )
        }
    }

    @Test func `row 5: a final slash does not lead through a symlink`() throws {
        let outside = kitchen.folder.path.string
        #expect(
            try kitchen.refusal(
                raw {
                    $0.add("link/", "2", link: outside)
                    $0.add("link/probe", content: "overwritten")
                }
            ) == "layer 1: entry 'link/probe': lies below 'link', which is not a directory in the same layer"
        )
        try kitchen.unpack([raw { $0.add("link/", "2", link: outside) }, raw { $0.folder("link/", mode: 0o777) }])
        #expect(try kitchen.kind("link") == .directory && kitchen.isUntouched())
    }

    @Test(arguments: ["../../etc/shadow", "../probe", "a/../../probe"])
    func `row 6: a hard link out of the root is refused`(target: String) throws {
        #expect(
            try kitchen.refusals(raw { $0.add("x", "1", link: target) }.finished)
                == ["t.tar: entry 'x': it links to '\(target)': the name has a '..' component"]
        )
    }

    /// A name that the working folder has too must not be found there; a later entry does not count either.
    @Test(arguments: ["etc/shadow", "Package.swift", "later", "x", "link/probe"])
    func `row 6: a hard link names what its own layer made before`(target: String) throws {
        let tar = raw {
            $0.add("link", "2", link: kitchen.folder.path.string)
            $0.add("x", "1", link: target == "etc/shadow" ? "/etc/shadow" : target)
            $0.add("later")
        }
        #expect(
            try kitchen.refusal(tar)
                == "layer 1: entry 'x': is a hard link to '\(target)', which is not before it in the same layer"
        )
    }

    @Test func `row 6: a hard link to a symlink is a symlink, and one to a folder is refused`() throws {
        #expect(
            try kitchen.refusal(
                raw {
                    $0.folder("d")
                    $0.add("x", "1", link: "d")
                }
            ) == "layer 1: entry 'x': is a hard link to 'd', which is a directory"
        )
        try kitchen.unpack([
            raw {
                $0.add("s", "2", link: kitchen.probe.string)
                $0.add("x", "1", link: "s")
                $0.add("x", content: "a file in its place")
            }
        ])
        #expect(try kitchen.kind("x") == .regular && kitchen.kind("s") == .symlink && kitchen.isUntouched())
    }

    /// A folder that keeps turning into a symlink and back while layers are unpacked into it.
    @Test(.timeLimit(.minutes(2))) func `row 7: nothing follows a symlink that appears while unpacking`() async throws {
        let tar = raw { tar in
            tar.folder("d")
            tar.folder("d/e")
            for index in 0..<200 { tar.add("d/e/f\(index)", content: "new") }
        }
        let path = try kitchen.folder.write(tar.finished, to: "layer.tar")
        let victim = try TemporaryFolder()
        try victim.makeFolder("e")
        let done = kitchen.folder.file("layer.done")
        async let swapping: Void = swapUntil(done, kitchen.folder.file("out/d"), victim.path)
        for _ in 0..<20 {
            _ = Files.removeTree(kitchen.folder.file("out"))
            let out = try Descriptor.openFolder(kitchen.folder.makeFolder("out", mode: 0o700))
            let file = try Descriptor.openForReading(path)
            let listing = try LayerListing.scan(file, name: "layer")
            // It may fail, and does where the swap was in time; what it must not do is write elsewhere.
            _ = message {
                try LayerUnpacker.unpack(
                    file,
                    listing: listing,
                    name: "layer",
                    into: out,
                    options: HostileKitchen.options
                )
            }
        }
        try AtomicFile.write([], to: done)
        try await swapping
        #expect(try Files.names(in: victim.path).map(\.string) == ["e"])
        #expect(try Files.names(in: victim.file("e")).isEmpty)
    }

    @Test func `row 8: modes, times and attributes go to the entry, never through it`() throws {
        try kitchen.unpack([
            raw {
                $0.folder("x", mode: 0o777)
                $0.add("x", "2", link: kitchen.probe.string, mode: 0o4777, modified: 77)
            },
            raw { $0.folder("x/", mode: 0o700) },
            raw { $0.add("x", "2", link: kitchen.probe.string, mode: 0o777, modified: 5) },
        ])
        #expect(try kitchen.isUntouched())
        #expect(try kitchen.kind("x") == .symlink)
    }
}

/// Makes `place` a symlink and a folder by turns.
@concurrent
private func swapUntil(_ done: FilePath, _ place: FilePath, _ victim: FilePath) async throws {
    while !Files.exists(done) {
        _ = rename(place.string, place.string + ".away")
        _ = symlink(victim.string, place.string)
        _ = unlink(place.string)
        _ = rename(place.string + ".away", place.string)
    }
}
