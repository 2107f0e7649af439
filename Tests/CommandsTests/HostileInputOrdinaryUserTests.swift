import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// The rows that need no user namespace, as somebody who is not root; layers and sandboxes have such tests of their own.
@Suite("Hostile input of an ordinary user")
struct HostileInputOrdinaryUserTests {
    private static let suites = [
        "LayersTests.HostileTarTests", "LayersTests.MergedTreeTests", "OCITests.HostileInputDocumentTests",
        "ContainerImagesTests.HostileInputImageTests", "BakefilesTests.HostileInputBakefileTests",
        "PlanningTests.InputScannerTests", "PlanningTests.StepKeyTests", "SystemIOTests.FilesTreeTests",
        "StoreTests.BlobTests", "BakingTests.SecretLayerTests", "ReportingTests.MeasuresTests",
        "CommandsTests.EndToEndSecretTests",
    ]

    @Test(.enabled(if: geteuid() == 0 && hasTool("setpriv"), "needs root, to become somebody else"))
    func `every row is as it is for root`() async throws {
        let home = try TemporaryFolder()
        try await requireTool("chmod", ["0777", home.path.string])
        let result = try await runTool(
            "setpriv",
            ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--", CommandLine.arguments[0]]
                + ["--testing-library", "swift-testing"] + Self.suites.flatMap { ["--filter", $0] },
            in: home.path,
            environment: ["HOME": home.path.string, "TMPDIR": home.path.string]
        )
        let text = result.text + result.error
        #expect(result.status == 0, "\(text)")
        for row in ["row 1:", "row 9:", "row 16:", "row 19:", "row 22:", "row 25:", "row 26:", "row 28:", "row 29:"] {
            #expect(text.contains("Test \"\(row)"), "\(row)")
        }
    }
}
