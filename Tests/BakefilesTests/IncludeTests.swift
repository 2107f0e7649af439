import Bakefiles
import Diagnostics
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite struct `Files of a Bakefile` {
    private static let main = """
        bakefile: 1
        project: p
        include: [parts/a.yaml, parts/b.yaml]
        variables: { name: "${prefix}-x" }
        images:
          web: { kind: docker, from: { image: base }, config: { labels: { name: "${name}" } } }
        """

    private static let parts = [
        "parts/a.yaml":
            "bakefile: 1\ninclude: [parts/common.yaml]\nimages: { base: { kind: docker, from: scratch } }\n",
        "parts/b.yaml": """
        include: [parts/common.yaml]
        images:
          b: { kind: docker, from: scratch, steps: [{ copy: { from: files/x, to: /x } }] }
        """,
        "parts/common.yaml": "variables: { prefix: p }\nsecrets: { token: { env: T } }\ncontexts: { c: ../c }\n",
    ]

    private func sample(_ changes: [String: String] = [:], file: FilePath? = nil) throws -> Sample {
        try Sample(["Bakefile": Self.main].merging(Self.parts) { $1 }.merging(changes) { $1 }, file: file)
    }

    @Test func `an include counts as if it stood before, and its paths are the Bakefile's`() throws {
        let bakefile = try sample().read()
        #expect(bakefile.sources == ["Bakefile", "parts/a.yaml", "parts/common.yaml", "parts/b.yaml"])
        #expect(bakefile.images.map(\.name) == ["base", "b", "web"])
        #expect(bakefile.images.map(\.place.description) == ["parts/a.yaml:3:11", "parts/b.yaml:3:3", "Bakefile:6:3"])
        #expect(bakefile.image(named: "web")?.config.labels == ["name": "p-x"])
        #expect(bakefile.secrets.map(\.name) == ["token"])
        #expect(bakefile.contexts["c"] == bakefile.folder.appending("../c"))
    }

    @Test func `places are relative to where the user is`() throws {
        let files = ["Bakefile": Self.main].merging(Self.parts) { $1 }
        let moved = Dictionary(uniqueKeysWithValues: files.map { ("sub/\($0.key)", $0.value) })
        let bakefile = try Sample(moved, file: "sub/Bakefile").read()
        #expect(bakefile.image(named: "b")?.place.description == "sub/parts/b.yaml:3:3")
        #expect(bakefile.sources.last == "sub/parts/b.yaml")
    }

    @Test func `a project belongs to the Bakefile alone`() throws {
        let report = try sample(["parts/a.yaml": "project: q\nimages: { base: { kind: docker, from: scratch } }\n"])
            .report
        #expect(report.hasPrefix("parts/a.yaml:1:1: error: an included file has no key 'project' [unknown-key]\n"))
    }

    @Test func `an include that cannot be read brings no further complaints`() throws {
        let report = try sample(["parts/common.yaml": "variables: [\n"]).report
        #expect(report.split(separator: "\n").count { $0.contains("error:") } == 1)
        #expect(report.hasPrefix("parts/common.yaml:"))
    }

    @Test func `an include that leads out of the folder is refused by the kernel`() throws {
        let outside = try TemporaryFolder()
        try outside.write("variables: { prefix: p }\n", to: "common.yaml")
        let folder = try TemporaryFolder()
        try folder.write("bakefile: 1\nproject: p\ninclude: [link/common.yaml, self]\nimages: {}\n", to: "Bakefile")
        symlink(outside.path.string, folder.file("link").string)
        symlink("Bakefile", folder.file("self").string)
        let result = BakefileReader.read(
            file: nil,
            variablesFile: nil,
            settings: [:],
            environment: [:],
            currentFolder: folder.path
        )
        #expect(result.bakefile == nil)
        #expect(
            result.diagnostics.inFileOrder.first?.description == """
                Bakefile:3:11: error: cannot read 'link/common.yaml': Invalid cross-device link [unreadable-file]
                  why: it leads out of the Bakefile's folder
                """
        )
    }

    @Test func `what is no file is not waited for`() throws {
        let folder = try TemporaryFolder()
        try folder.write("bakefile: 1\nproject: p\ninclude: [pipe, parts]\nimages: {}\n", to: "Bakefile")
        try folder.makeFolder("parts")
        mkfifo(folder.file("pipe").string, 0o600)
        let result = BakefileReader.read(
            file: nil,
            variablesFile: nil,
            settings: [:],
            environment: [:],
            currentFolder: folder.path
        )
        #expect(
            result.diagnostics.inFileOrder.map(\.description) == [
                "Bakefile:3:11: error: cannot read 'pipe': Operation not supported [unreadable-file]",
                "Bakefile:3:17: error: cannot read 'parts': Is a directory [unreadable-file]",
            ]
        )
    }

    @Test func `a named Bakefile that is not there, or is a folder`() throws {
        #expect(
            try Sample([:], file: "x/Bakefile").report
                == "error: cannot read 'x/Bakefile': No such file or directory [unreadable-file]\n"
        )
        #expect(
            try Sample(["x/y": ""], file: "x").report == "error: cannot read 'x': Is a directory [unreadable-file]\n"
        )
        #expect(try Sample(["bakefile": "", "Bakefile.yml": ""]).diagnostics.map(\.identifier) == [.noBakefile])
    }

    @Test func `texts of the YAML reader come through`() throws {
        #expect(
            try Sample("").report == "Bakefile:1:1: error: the Bakefile must be a mapping, not nothing [wrong-type]\n"
        )
        let twice = try Sample(
            "bakefile: 1\nproject: p\nproject: q\nimages: { web: { kind: docker, form: scratch } }\n"
        )
        #expect(twice.diagnostics.map(\.identifier.description) == ["duplicate-key", "unknown-key"])
        let bomb =
            "bakefile: 1\na: &a [x, x, x, x, x, x, x, x, x, x]\n"
            + zip("abcdefgh", "bcdefghi").map {
                "\($1): &\($1) [\(repeatElement("*\($0)", count: 10).joined(separator: ", "))]\n"
            }.joined()
        #expect(try Sample(bomb).diagnostics.map(\.identifier.description) == ["too-many-nodes"])
        let deep = "bakefile: 1\nx: " + String(repeating: "[", count: 100_000)
        #expect(try Sample(deep).diagnostics.map(\.identifier.description) == ["too-deep"])
    }
}
