import SystemPackage
import TestSupport
import Testing

/// The rows once more, as somebody who may do nothing: as bakes of an ordinary user do it, in a user namespace.
@Suite struct HostileInputUserTests {
    @Test(.enabled(if: isRoot && !isInNamespace, "needs root, to become somebody else"))
    func `rows 1 to 15: an ordinary user meets the same refusals`() async throws {
        let program = CommandLine.arguments[0]
        let result = try await runTool(
            "setpriv",
            [
                "--reuid", "65534", "--regid", "65534", "--clear-groups", "--", "unshare", "--user",
                "--map-root-user", "--", program, "--testing-library", "swift-testing",
                "--filter", "HostileInputPathTests", "--filter", "HostileInputKindTests",
                "--filter", "HostileInputSizeTests",
            ],
            in: "/tmp",
            environment: ["OVENBIRD_TEST_USER_NAMESPACE": "1"]
        )
        let text = result.text + result.error
        #expect(result.status == 0, "\(text)")
        #expect(text.contains("row 7: nothing follows a symlink that appears while unpacking"), "\(text)")
    }
}
