import Bakefiles
import Diagnostics
import SystemPackage
import Testing

@Suite struct `Variables` {
    private static let text = """
        bakefile: 1
        project: p
        variables:
          a: { default: one, env: A }
          b: "${a}-two"
          c: { default: 1.10 }
        images:
          web:
            kind: docker
            from: scratch
            config: { labels: { a: "${a}", b: "<${b}>", c: "${c}", d: "$${a} $a $$ ${a}" } }
            steps:
              - directory: "/srv/${a}"
              - run: { command: 'echo ${B}', env: { B: "${b}", C: "${a}" } }
              - file: { path: /x, content: "${a}" }
        """

    private func labels(_ sample: Sample) throws -> [String: String]? {
        try sample.read().image(named: "web")?.config.labels
    }

    @Test func `come from their defaults`() throws {
        let sample = try Sample(Self.text)
        #expect(try labels(sample) == ["a": "one", "b": "<one-two>", "c": "1.10", "d": "${a} $a $$ one"])
        #expect(sample.bakefile?.variables.map(\.origin) == [.defaultValue, .defaultValue, .defaultValue])
    }

    @Test func `come from the environment, the file and the command line, in rising order`() throws {
        let files = [
            "Bakefile": Self.text, "values.yaml": "b: from-file ${a}\nc: 007\n", "values.json": "{\"a\": 1.50}",
        ]
        let both = try Sample(
            files,
            variablesFile: "values.yaml",
            settings: ["c": "set"],
            environment: ["A": "env ${x}", "B": "never"]
        )
        #expect(try labels(both) == ["a": "env ${x}", "b": "<from-file ${a}>", "c": "set", "d": "${a} $a $$ env ${x}"])
        #expect(both.bakefile?.variables.map(\.origin) == [.environment, .file, .commandLine])
        #expect(both.bakefile?.sources == ["Bakefile", "values.yaml"])

        let json = try Sample(files, variablesFile: "values.json", environment: ["A": ""])
        #expect(try labels(json)?["a"] == "1.50")
        // A variable that is set to nothing is set.
        #expect(try labels(try Sample(Self.text, environment: ["A": ""]))?["a"] == "")
    }

    @Test func `are known of each step that uses them`() throws {
        let steps = try Sample(Self.text).read().images[0].steps
        #expect(steps.map(\.variables) == [["a"], ["a", "b"], []])
    }

    @Test func `a bad variable hides no other mistake`() throws {
        let sample = try Sample(
            """
            bakefile: 1
            project: p
            variables: { bad: [1], good: x }
            images:
              web: { kind: docker, from: { debian: "${bad}" }, push: ["${god}", "${good}/A"] }
            """
        )
        #expect(
            sample.report == """
                Bakefile:3:19: error: 'bad' must be a text or a mapping, not a list [wrong-type]
                Bakefile:5:59: error: the variable 'god' is not defined [unknown-variable]
                  fix: write '${good}' (defined at Bakefile:3:24), or '$${god}' for the text itself
                Bakefile:5:69: error: 'x/A' is not a repository [bad-reference]
                  why: a repository has a form like 'registry.example.com/storefront/web', in lower-case \
                letters, without tag

                """
        )
    }

    @Test func `a bad variable above is not one below`() throws {
        let sample = try Sample(
            """
            bakefile: 1
            project: p
            variables: { bad: [1], 1st: x, good: "${bad}", last: "${late}", late: x }
            images:
              web: { kind: docker, from: scratch, push: ["${bad}", "${good}"] }
            """
        )
        #expect(sample.diagnostics.map(\.identifier.description) == ["wrong-type", "bad-name", "variable-order"])
        #expect(sample.report.contains("Bakefile:3:54: error: the variable 'late' has no value here yet"))
    }

    @Test func `a variables file that cannot be used`() throws {
        let missing = try Sample(["Bakefile": Self.text], variablesFile: "v.yaml")
        #expect(
            missing.report
                == "error: cannot read the variables file 'v.yaml': No such file or directory [unreadable-file]\n"
        )
        let list = try Sample(["Bakefile": Self.text, "v.yaml": "- a\n"], variablesFile: "v.yaml")
        #expect(list.report == "v.yaml:1:1: error: the variables file must be a mapping, not a list [wrong-type]\n")
        let nested = try Sample(["Bakefile": Self.text, "v.yaml": "a: { b: c }\n"], variablesFile: "v.yaml")
        #expect(nested.report == "v.yaml:1:4: error: 'a' must be a text, not a mapping [wrong-type]\n")
        let broken = try Sample(["Bakefile": Self.text, "v.json": "{"], variablesFile: "v.json")
        #expect(broken.diagnostics.map(\.identifier.description) == ["json-syntax"])
        let empty = try Sample(["Bakefile": Self.text, "v.yaml": "# nothing\n"], variablesFile: "v.yaml")
        #expect(empty.report == "")
    }
}
