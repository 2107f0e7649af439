import Rollouts
import TestSupport
import SystemPackage
import Testing

@Suite struct `Diffs of parameter files` {
    private func diff(_ old: String?, _ new: String) -> String {
        ParameterFileDiff.unified(old: old.map { Array($0.utf8) }, new: Array(new.utf8), file: "params/p.yaml")
    }

    @Test func `changes with their surroundings`() {
        let old = (1...20).map { "k\($0): v\n" }.joined()
        let new = old.replacing("k2: v\n", with: "k2: w\n").replacing("k18: v\n", with: "") + "k21: v"
        #expect(
            diff(old, new) == """
                --- a/params/p.yaml
                +++ b/params/p.yaml
                @@ -1,5 +1,5 @@
                 k1: v
                -k2: v
                +k2: w
                 k3: v
                 k4: v
                 k5: v
                @@ -15,6 +15,6 @@
                 k15: v
                 k16: v
                 k17: v
                -k18: v
                 k19: v
                 k20: v
                +k21: v
                \\ No newline at end of file

                """
        )
    }

    @Test func `a new file, and no difference`() {
        #expect(diff(nil, "a: b\n") == "--- /dev/null\n+++ b/params/p.yaml\n@@ -0,0 +1 @@\n+a: b\n")
        #expect(diff("a: b\n", "a: b\n") == "")
    }

    @Test(.enabled(if: hasTool("patch"))) func `patch makes the new text of it`() async throws {
        let texts = [
            "", "a\n", "a\nb\nc\n", "a\nb", "b\r\na\r\n", (1...30).map { "\($0)\n" }.joined(),
            (1...30).map { $0 % 7 == 0 ? "x\n" : "\($0)\n" }.joined(),
            "x\n" + (1...29).map { "\($0)\n" }.joined() + "y",
        ]
        let folder = try TemporaryFolder()
        for old in texts {
            for new in texts where old != new {
                let target = try folder.write(old, to: "p")
                let difference = try folder.write(diff(old, new), to: "diff")
                let arguments = ["--binary", "--no-backup-if-mismatch", "-s", "-i", difference.string, target.string]
                let result = try await runTool("patch", arguments)
                // An empty result is removed by patch.
                let found = new.isEmpty ? "" : try await requireTool("cat", [target.string])
                #expect(result.status == 0 && found == new, "\(old.debugDescription) -> \(new.debugDescription)")
            }
        }
    }
}
