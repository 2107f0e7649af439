import Planning
import SystemIO
import Testing

@Suite("The first difference of two trees")
struct InputTreeDifferenceTests {
    private func tree(_ files: [String: String], executable: Set<String> = []) -> InputTree {
        let entries = files.map { name, content in
            InputTree.Entry(
                path: Array(name.utf8),
                content: .file(
                    digest: Digester.digest(of: content),
                    size: Int64(content.utf8.count),
                    isExecutable: executable.contains(name)
                )
            )
        }
        let root = InputTree.Entry(path: [], content: .directory)
        return InputTree(entries: .init([root] + entries.sorted { $0.path.lexicographicallyPrecedes($1.path) }))
    }

    private func difference(_ old: InputTree, _ new: InputTree, _ name: String = "site") -> String? {
        // In parts, as a store keeps it.
        var difference = InputDifference(new, name: name)
        for line in old.lines where !difference.take(line) { break }
        return difference.finish()
    }

    @Test func `each kind has its words`() {
        let old = tree(["b": "1", "c": "2"])
        #expect(difference(old, old) == nil)
        #expect(difference(old, tree(["b": "2", "c": "2"])) == "'site/b' changed: 6b86b273ff34 → d4735e3a265e")
        #expect(difference(old, tree(["b": "1"])) == "'site/c' is gone")
        #expect(difference(old, tree(["c": "2"])) == "'site/b' is gone")
        #expect(difference(old, tree(["a": "1", "b": "1", "c": "2"])) == "'site/a' is new")
        #expect(difference(old, tree(["b": "1", "c": "2", "d": ""])) == "'site/d' is new")
        #expect(
            difference(old, tree(["b": "1", "c": "2"], executable: ["b"]))
                == "'site/b' changed: file → executable file"
        )
    }

    @Test func `names below the Bakefile's own folder stand alone`() {
        #expect(difference(tree(["b": "1"]), tree([:]), ".") == "'b' is gone")
        #expect(difference(tree(["b": "1"]), tree([:]), "assets:.") == "'assets:./b' is gone")
    }

    /// What a folder holds comes right behind it, before a name that goes on with a lower byte than '/'.
    @Test func `the order is that of the walk`() {
        func files(_ names: String...) -> InputTree {
            InputTree(
                entries: .init(
                    names.map { name in
                        .init(
                            path: Array(name.utf8),
                            content: name.hasSuffix("dir")
                                ? .directory : .file(digest: Digester.digest(of: name), size: 1, isExecutable: false)
                        )
                    }
                )
            )
        }
        let old = files("dir", "dir/b", "dir-a")
        #expect(difference(old, files("dir", "dir/a", "dir/b", "dir-a")) == "'site/dir/a' is new")
        #expect(difference(old, files("dir", "dir/b", "dir/c", "dir-a")) == "'site/dir/c' is new")
        #expect(difference(old, files("dir", "dir-a")) == "'site/dir/b' is gone")
        // As text of a listing '%20' is higher than '!', the space itself is lower.
        #expect(difference(files("!", "z"), files(" ", "!", "z")) == "'site/%20' is new")
        #expect(difference(files(" ", "!", "z"), files("!", "z")) == "'site/%20' is gone")
    }

    /// As a character, a combining mark at the start of a name would hide the space before it.
    @Test func `a name may start with a combining mark`() {
        #expect(difference(tree(["\u{301}a": "1"]), tree([:])) == "'site/\u{301}a' is gone")
    }
}
