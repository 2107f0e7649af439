import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

/// An order may hold secrets: it goes through a pipe, and is never a file.
@Suite("Handing an order to a worker", .enabled(if: canRunSteps, "needs root or sub-ids, an OCI runtime and busybox"))
struct OrderTests {
    @Test func `no file of a run holds a secret of its environment`() async throws {
        let root = try await SmallRoot.make()
        var job = try root.job("true")
        job.environment["TOKEN"] = "f00-secret-bar"
        // A worker that looks around instead, and takes its order never.
        let worker = try root.folder.write(
            "#!/bin/sh\necho looked > \(root.folder.file("seen"))\n"
                + "grep -rlF f00-secret-bar \(job.scratch) >> \(root.folder.file("seen"))\n",
            to: "worker",
            mode: 0o755
        )
        let log = try Descriptor.open("/dev/null", flags: O_WRONLY)
        await #expect(throws: SandboxError.self) { _ = try await StepSandbox.run(job, worker: worker, log: log) }
        #expect(try Files.read(root.folder.file("seen")) == Array("looked\n".utf8))
    }

    @Test func `an order that is larger than a pipe arrives whole`() async throws {
        let root = try await SmallRoot.make()
        let text = String(repeating: "0123456789abcdef", count: 60_000)
        var job = try root.job("stat -c %s /etc/large")
        job.binds = [SandboxBind(.content(text, mode: 0o644), at: "/etc/large", isReadOnly: true)]
        #expect(try await root.run(job).log == "960000\n")
    }

    @Test(.timeLimit(.minutes(15))) func `a large order that nobody takes is given up`() async throws {
        let root = try await SmallRoot.make()
        var job = try root.job("true")
        let text = String(repeating: "0123456789abcdef", count: 60_000)
        job.binds = [SandboxBind(.content(text, mode: 0o644), at: "/etc/large", isReadOnly: true)]
        let log = try Descriptor.open("/dev/null", flags: O_WRONLY)
        await #expect(throws: SandboxError(.system, "the sandbox ended without a report")) {
            _ = try await StepSandbox.run(job, worker: "/bin/true", log: log)
        }
    }
}
