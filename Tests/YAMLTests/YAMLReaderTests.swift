import Diagnostics
import Testing
import YAML

@Suite struct `YAML reader` {
    @Test func `every value has its place and exactly its bytes`() throws {
        let text = """
            # ключ é
            first: one   # comment
            'süß':  'two ''2'''
            third: "thr\\u00e9e"
            tagged: !Ref Name
            both: &here !!str  four
            empty:
            taggedEmpty: !Ref
            again: *here
            list:
            - 1
            -   - deep
            flow: {a: [x, y], b: !Sub "${z}"}
            literal: |-  # why
              line 1
               line 2

            folded: >
              text
              more
            map:

              inner: 😀 x

            # end

            """
        let (node, messages) = readYAML(text)
        #expect(messages == [])
        #expect(
            listing(try #require(node), in: text) == """
                .first 2:8 "one"
                .süß 3:9 "'two ''2'''"
                .third 4:8 "\\"thr\\\\u00e9e\\""
                .tagged 5:14 !Ref "Name"
                .both 6:20 !!str &here "four"
                .empty 7:7 ""
                .taggedEmpty 8:18 !Ref ""
                .again 6:20 !!str &here *9:8 "four"
                .list 11:1 "- 1\\n-   - deep"
                .list[0] 11:3 "1"
                .list[1] 12:5 "- deep"
                .list[1][0] 12:7 "deep"
                .flow 13:7 "{a: [x, y], b: !Sub \\"${z}\\"}"
                .flow.a 13:11 "[x, y]"
                .flow.a[0] 13:12 "x"
                .flow.a[1] 13:15 "y"
                .flow.b 13:27 !Sub "\\"${z}\\""
                .literal 14:10 "|-  # why\\n  line 1\\n   line 2\\n\\n"
                .folded 18:9 ">\\n  text\\n  more\\n"
                .map 23:3 "inner: 😀 x"
                .map.inner 23:10 "😀 x"
                """
        )
        #expect(node?["süß"]?.scalar?.text == "two '2'")
        #expect(node?["third"]?.scalar?.text == "thrée")
        #expect(node?["literal"]?.scalar?.text == "line 1\n line 2")
        #expect(node?["folded"]?.scalar?.text == "text more\n")
        #expect(node?["again"]?.scalar?.text == "four")
    }

    @Test func `byte order mark, CRLF and a missing final line end`() throws {
        let text: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("a: 1\r\nb: \"x\u{85}y\"\r\nc: z".utf8)
        let (node, messages) = readYAML(text)
        #expect(messages == [])
        let last = try #require(node?["c"])
        #expect(last.place == SourcePlace(file: "a.yaml", line: 3, column: 4))
        #expect(text[last.range.bytes].elementsEqual("z".utf8))
        #expect(node?["a"]?.place.column == 4)
    }

    @Test func `a long text beyond ASCII keeps its places`() throws {
        let text = (0..<2000).map { "k\($0): é\($0)😀\n" }.joined()
        let node = try #require(readYAML(text).node)
        let bytes = Array(text.utf8)
        for (position, member) in (node.mapping ?? []).enumerated() {
            #expect(member.value.place.line == position + 1)
            #expect(bytes[member.value.range.bytes].elementsEqual("é\(position)😀".utf8))
        }
    }

    @Test(arguments: ["", "\n\n", "# only a comment\n", "---\n"]) func `an empty document is nothing`(text: String)
        throws
    {
        let (node, messages) = readYAML(text)
        #expect(messages == [])
        #expect(try #require(node).isNull)
    }

    @Test func `anchors are those before the alias`() throws {
        let node = try #require(readYAML("a: &x 1\nb: *x\nc: &x {d: 2}\ne: [*x, *x]\n").node)
        #expect(node["b"]?.scalar?.text == "1")
        #expect(node["e"]?.sequence?.map { $0["d"]?.scalar?.text } == ["2", "2"])
        #expect(node["e"]?.sequence?[1].alias?.place.column == 9)
    }

    @Test func `several mistakes are found in one run`() throws {
        let (node, messages) = readYAML("a: 1\n<<: {b: 2}\na: 2\n[x]: 3\nc: *nope\nd: 4\n")
        #expect(
            messages == [
                """
                a.yaml:2:1: error: the merge key '<<' is not supported [merge-key]
                  fix: write the keys out, or use an alias as a whole value ('key: *name')
                """,
                """
                a.yaml:3:1: error: the key 'a' is given twice [duplicate-key]
                  why: the first is at a.yaml:1:1
                  fix: remove one of the two
                """,
                """
                a.yaml:4:1: error: a list cannot be a key [key-not-text]
                  fix: put the key in quotes if it is meant as a text
                """,
                """
                a.yaml:5:4: error: no anchor '&nope' stands before the alias '*nope' [unknown-anchor]
                  fix: put the value in quotes if the '*' belongs to it
                """,
            ]
        )
        #expect(node.map { Meaning($0) } == .mapping(["a": .scalar("1"), "c": .scalar(""), "d": .scalar("4")]))
    }
}
