import Glibc
import Subprocess
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

/// All that root can do with steps, an ordinary user with sub-ids can, with the same layers.
@Suite("Steps of an ordinary user")
struct OrdinaryUserTests {
    /// Of this run alone, since it is removed again.
    private static let user = "ovenbird-\(getpid())"

    @Test(.enabled(if: geteuid() == 0 && canRunSteps, "needs root, to become somebody else"))
    func `the tests of steps pass for an ordinary user`() async throws {
        try await requireTool("useradd", ["--create-home", "--shell", "/bin/sh", Self.user])
        let result = try await runTool(
            "setpriv",
            [
                "--reuid", Self.user, "--regid", Self.user, "--init-groups", "--reset-env", "--",
                try testExecutable().string, "--testing-library", "swift-testing",
                "--filter", "SandboxTests.StepSandboxTests", "--filter", "SandboxTests.EndingTests",
                "--filter", "SandboxTests.SandboxErrorTests",
            ],
            in: "/tmp"
        )
        _ = try await runTool("userdel", ["--remove", Self.user])
        #expect(result.status == 0, "\(result.text)\(result.error)")
        #expect(result.text.contains("passed") || result.error.contains("passed"))
    }
}
