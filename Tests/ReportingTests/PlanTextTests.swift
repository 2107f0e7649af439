import Diagnostics
import OCI
import Planning
import Reporting
import SystemIO
import Testing

@Suite struct PlanTextTests {
    @Test func `a plan is a table for each image`() {
        let keys = Sample.plan.images.flatMap(\.steps).map { step in
            (step.definitionKey.digest.short, step.contentKey?.digest.short ?? "-           ")
        }
        let expected = """
            storefront: 2 images, 4 steps: 2 cached, 1 will run, 1 depends

            base (ami, from debian bookworm (important))
              STEP        STATE   DEFINITION    CONTENT       REASON
              from        cached  \(keys[0].0)  \(keys[0].1)  unpinned, resolved on 2026-01-02
              packages-1  cached  \(keys[1].0)  \(keys[1].1)  unchanged

            web (docker, from image base)
              STEP   STATE     DEFINITION    CONTENT       REASON
              site   will run  \(keys[2].0)  \(keys[2].1)  'site/index.html' changed from 1b4f0e985197 to 60303ae22b99
              run-1  depends   \(keys[3].0)  \(keys[3].1)  runs if 'site' gives new bytes

            """
        #expect(PlanTable(Sample.plan).text == expected)
    }

    @Test func `colours mark the states and nothing else changes`() {
        let coloured = PlanTable(Sample.plan, palette: Palette(isColoured: true)).text
        #expect(coloured.contains("\u{1b}[33mwill run\u{1b}[0m"))
        #expect(withoutColours(coloured) == PlanTable(Sample.plan).text)
    }

    @Test func `the document has full keys and says what decides`() throws {
        let document = PlanDocument.value(Sample.plan)
        #expect(document["changes"] == true)
        let steps = try #require(document["images"]?.arrayValue?[1]["steps"]?.arrayValue)
        let step = Sample.plan.images[1].steps[1]
        #expect(
            steps[1]
                == .object([
                    "address": "run-1", "title": "run echo \u{1b}[31mred\u{7}", "state": "depends",
                    "dependsOn": "site", "reason": "runs if 'site' gives new bytes",
                    "definitionKey": .string(step.definitionKey.description), "inputs": .array([]),
                    "place": .object(["file": "Bakefile", "line": 9, "column": 9]),
                ])
        )
    }

    @Test func `NO_COLOR and the terminal decide where the user does not`() {
        func isColoured(_ choice: Palette.Choice, _ isTerminal: Bool, _ environment: [String: String]) -> Bool {
            Palette(choice: choice, isTerminal: isTerminal, environment: environment).isColoured
        }
        #expect(isColoured(.auto, true, [:]))
        #expect(isColoured(.auto, true, ["NO_COLOR": ""]))
        #expect(!isColoured(.auto, true, ["NO_COLOR": "1"]))
        #expect(!isColoured(.auto, false, [:]))
        #expect(!isColoured(.auto, true, ["TERM": "dumb"]))
        #expect(isColoured(.always, false, ["NO_COLOR": "1"]))
        #expect(!isColoured(.never, true, [:]))
    }

    @Test func `a diagnostic is shown with its place, and harmlessly`() {
        let diagnostic = Diagnostic(
            at: Sample.place,
            "unknown key 'a\u{1b}[2J'",
            "unknown-key",
            why: "the keys are 'b'",
            fix: "write 'b'"
        )
        #expect(
            DiagnosticText.lines(diagnostic, palette: .plain) == [
                "Bakefile:9:9: error: unknown key 'a\\x1b[2J' [unknown-key]",
                "  why: the keys are 'b'",
                "  fix: write 'b'",
            ]
        )
        #expect(DiagnosticText.summary([diagnostic, diagnostic]) == "2 errors")
        #expect(DiagnosticText.summary([]) == nil)
    }
}
