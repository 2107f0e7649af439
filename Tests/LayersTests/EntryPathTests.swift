import Layers
import Testing

@Suite struct EntryPathTests {
    @Test(arguments: [
        ("", ""), ("/", ""), (".", ""), ("./", ""), ("/etc/passwd", "etc/passwd"), ("./a//b/./c/", "a/b/c"), ("a", "a"),
        ("..a/b..", "..a/b.."),
    ])
    func `names are normalised`(name: String, expected: String) throws {
        #expect(String(decoding: try EntryPath(name).bytes, as: UTF8.self) == expected)
    }

    @Test func `what leads out of the root is refused`() {
        #expect(message { _ = try EntryPath(text("../x")) } == "'../x': the name has a '..' component")
        #expect(message { _ = try EntryPath(text("a/../../x")) } == "'a/../../x': the name has a '..' component")
        #expect(message { _ = try EntryPath(validating: [97, 0, 98]) } == "'a\\x00b': the name has a zero byte")
        let long = String(repeating: "ab/", count: 1400)
        #expect(message { _ = try EntryPath(long) }?.hasSuffix("the name is longer than 4095 bytes") == true)
    }

    @Test func `a directory is followed by what is in it`() throws {
        let sorted = ["", "a", "a/b", "a/b/c", "a-b", "a.b", "ab", "é"].map { EntryPath(normalisedForTest: $0) }
        #expect(sorted.shuffled().sorted() == sorted)
        #expect(EntryPath("a/b").isBelow("a"))
        #expect(!EntryPath("ab").isBelow("a"))
        #expect(!EntryPath("a").isBelow("a"))
        #expect(EntryPath("a").isBelow(.root))
    }

    @Test func `parts and joins`() throws {
        let path: EntryPath = "usr/share/doc"
        #expect(path.parent == "usr/share")
        #expect(EntryPath("usr").parent == .root)
        #expect(EntryPath.root.parent == .root)
        #expect(Array(path.name) == Array("doc".utf8))
        #expect(path.components.count == 3)
        #expect(try path.appending(text("x/y")) == "usr/share/doc/x/y")
        #expect(try EntryPath.root.appending(text("x")) == "x")
    }

    @Test func `descriptions cannot move a terminal`() throws {
        #expect(try EntryPath(validating: [0x1b, 0x5b, 0x41, 0xff, 0x0a]).description == "\\x1b[A\u{fffd}\\x0a")
        #expect(EntryPath.root.description == ".")
    }
}

/// Keeps a literal from becoming a path at once.
private func text(_ text: String) -> String { text }

extension EntryPath {
    init(normalisedForTest text: String) {
        do { self = try EntryPath(text) } catch { preconditionFailure("\(error)") }
    }
}
