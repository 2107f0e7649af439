import Bakefiles
import Reporting
import SystemPackage
import Testing

@Suite struct GraphTests {
    @Test func `a graph has the steps of each image and what images start from`() {
        #expect(
            GraphText.dot(Sample.bakefile) == #"""
                digraph "storefront" {
                  rankdir=LR; fontname="sans-serif";
                  node [shape=box, style=rounded, fontname="sans-serif", fontsize=11];
                  edge [fontname="sans-serif", fontsize=10];
                  subgraph cluster_0 {
                    label="base (ami)";
                    "base#start" [label="base", shape=folder, style=""];
                    "base:packages-1" [label="packages-1\npackages docker.io"];
                    "base#start" -> "base:packages-1";
                  }
                  subgraph cluster_1 {
                    label="web (docker)";
                    "web#start" [label="web", shape=folder, style=""];
                    "web:site" [label="site\ncopy site -> /srv/www"];
                    "web:run-1" [label="run-1\nrun echo \\x1b[31mred\\x07"];
                    "web#start" -> "web:site";
                    "web:site" -> "web:run-1";
                  }
                  "debian bookworm (important)" [shape=ellipse];
                  "debian bookworm (important)" -> "base#start" [label="from"];
                  "base#start" -> "web#start" [label="from"];
                }

                """#
        )
    }

    @Test func `an image that copies from another has a dashed arrow, quotes are escaped`() {
        var web = Sample.web
        web.base = .scratch
        web.steps[0].action = .copy(CopyStep(source: .image(name: "base", path: "/a\"b\\"), destination: "/c"))
        let bakefile = Bakefile(path: "Bakefile", folder: "/src", project: "p", images: [Sample.base, web])
        let dot = GraphText.dot(bakefile)
        #expect(dot.contains(#""base#start" -> "web:site" [label="copy", style=dashed];"#))
        #expect(dot.contains(#"[label="site\ncopy base:/a\"b\\ -> /c"]"#))
        #expect(!GraphText.dot(bakefile, images: ["base"]).contains("web"))
    }

    @Test func `Graphviz draws it`() async throws {
        let picture = try await GraphPicture.svg(GraphText.dot(Sample.bakefile))
        #expect(picture.contains("<svg"))
        #expect(picture.contains("packages docker.io"))
    }

    @Test func `a missing or failing Graphviz is named`() async {
        await #expect(throws: GraphProblem.missing(program: "no-such-dot")) {
            try await GraphPicture.svg("digraph {}", program: "no-such-dot")
        }
        let error = await #expect(throws: GraphProblem.self) { try await GraphPicture.svg("no graph") }
        #expect(error?.description.hasPrefix("'dot' could not draw the graph: ") == true)
        #expect(
            GraphProblem.missing(program: "dot").description
                == "drawing needs the program 'dot', which is not on the PATH"
        )
    }
}
