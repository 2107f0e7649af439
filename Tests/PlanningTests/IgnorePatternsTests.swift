import Planning
import Testing

/// What the documentation of `.dockerignore` says, as a table.
@Suite("Exclusions have the meaning of a .dockerignore file")
struct IgnorePatternsTests {
    @Test(
        arguments: [
            // From the table of the documentation.
            (["*/temp*"], "somedir/temporary.txt", true),
            (["*/temp*"], "somedir/temp", true),
            (["*/temp*"], "somedir/sub/temporary.txt", false),
            (["*/temp*"], "temp", false),
            (["*/*/temp*"], "somedir/subdir/temporary.txt", true),
            (["temp?"], "tempa", true),
            (["temp?"], "temp", false),
            (["temp?"], "tempab", false),
            (["temp?"], "tempé", true),
            (["**/*.go"], "a.go", true),
            (["**/*.go"], "a/b/c.go", true),
            (["*.md", "!README.md"], "README.md", false),
            (["*.md", "!README.md"], "CHANGES.md", true),
            (["*.md", "!README*.md", "README-secret.md"], "README-secret.md", true),
            (["*.md", "!README*.md", "README-secret.md"], "README-old.md", false),
            (["*.md", "README-secret.md", "!README*.md"], "README-secret.md", false),
            // A match of a folder is a match of all that is below it.
            (["node_modules"], "node_modules/a/b.js", true),
            (["node_modules"], "web/node_modules/a.js", false),
            (["**/node_modules"], "web/node_modules/a.js", true),
            (["a/"], "a/b", true),
            (["/a"], "a", true),
            (["/a"], "b/a", false),
            (["./a"], "a", true),
            (["a/../b"], "b", true),
            (["a", "!a/keep"], "a/keep", false),
            (["a", "!a/keep"], "a/other", true),
            (["a", "!a/keep", "a/keep/not"], "a/keep/not", true),
            (["**", "!src/**"], "src/main.c", false),
            (["**", "!src/**"], "doc/main.c", true),
            (["*", "!src"], "src/main.c", false),
            // A trailing `**` is what a folder holds, not the folder.
            (["logs/**"], "logs", false),
            (["logs/**"], "logs/a", true),
            (["logs/**"], "logs/a/b", true),
            (["a/**/z"], "a/z", true),
            (["a/**/z"], "a/b/c/z", true),
            (["a/**/z"], "a/b/zz", false),
            // Two stars that are no component of their own go through folders, too.
            (["**.pem"], "server.pem", true),
            (["**.pem"], "tls/private/server.pem", true),
            (["**.pem"], "tls/server.pem/readme", true),
            (["**.pem"], "server.pem.txt", false),
            (["**secret"], "a/topsecret", true),
            (["**/secret"], "a/topsecret", false),
            (["**/secret"], "secret", true),
            (["**/secret"], "a/b/secret/c", true),
            (["**key*"], "a/b/keys", true),
            (["**key*"], "a/b/monkeys", false),
            (["conf**"], "conf.d/a", true),
            (["conf**"], "conf", true),
            (["conf**"], "a/conf", false),
            (["a**z"], "az", true),
            (["a**z"], "ab/c/z", true),
            (["a**z"], "a/bz", false),
            (["a/**b/c"], "a/x/b/c", true),
            (["**/a/**"], "x/a/y", true),
            (["**/a/**"], "x/a", false),
            (["**"], "a", true),
            (["**.pem", "!**/public.pem"], "tls/public.pem", false),
            ([#"**\.pem"#], "tls/a.pem", false),
            (["[a-c].txt"], "b.txt", true),
            (["[a-c].txt"], "d.txt", false),
            (["[^a-c].txt"], "d.txt", true),
            (["[^a-c].txt"], "a.txt", false),
            (["[]]"], "]", true),
            (["[unclosed"], "[unclosed", true),
            (["[é-ü]"], "ö", true),
            ([#"[\]a]"#], "]", true),
            ([#"\*.txt"#], "*.txt", true),
            ([#"\*.txt"#], "a.txt", false),
            (["*a*b*c"], "xxaxxbxxbxxc", true),
            (["*a*b*c"], "xxaxxcxxb", false),
            // Lines that are none.
            (["# a", "", "   ", "."], "# a", false),
            (["# a", "", "   ", "."], "a", false),
            (["  a  "], "a", true),
            (["*.md", "! README.md"], "README.md", false),
            (["!"], "a", false),
            // What lies above the folder is not in it.
            (["../a"], "a", false),
            (["a/../../b"], "b", false),
            (["/../a"], "a", true),
            (["A"], "a", false),
        ] as [([String], String, Bool)]
    )
    func table(_ patterns: [String], _ path: String, _ isExcluded: Bool) {
        let components = path.split(separator: "/").map { Array($0.utf8) }
        #expect(IgnorePatterns(patterns).excludes(components) == isExcluded)
    }

    @Test func `a negation means that excluded folders are walked`() {
        #expect(IgnorePatterns(["a", "!a/b"]).hasNegation)
        #expect(!IgnorePatterns(["a", "#!b"]).hasNegation)
    }

    @Test func `names that are no UTF-8 are matched byte by byte`() {
        #expect(IgnorePatterns(["a?b"]).excludes([[0x61, 0xff, 0x62]]))
        #expect(IgnorePatterns(["**.pem"]).excludes([[0x64], [0xff] + Array(".pem".utf8)]))
        #expect(!IgnorePatterns(["ÿ"]).excludes([[0xff]]))
    }

    @Test func `so do many pairs of them`() {
        let pattern = IgnorePatterns([String(repeating: "**a", count: 40) + "b"])
        #expect(!pattern.excludes([[UInt8]](repeating: [0x61], count: 500)))
    }

    @Test func `many stars take time that grows with the name, not with its powers`() {
        let pattern = IgnorePatterns([String(repeating: "*a", count: 40) + "b"])
        #expect(!pattern.excludes([Array(String(repeating: "a", count: 4000).utf8)]))
    }
}
