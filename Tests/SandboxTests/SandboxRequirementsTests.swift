import Subprocess
import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

@Suite("What sandboxes need of a host")
struct SandboxRequirementsTests {
    @Test(arguments: [
        ("unshare: sigprocmask unblock failed: Invalid argument\n", TerminationStatus.exited(1)), ("", .signaled(9)),
    ])
    func `a killed worker is not a lack of the host`(messages: String, status: TerminationStatus) {
        let error = SandboxRequirements.explain(messages, status)
        #expect(error.kind == .system)
        #expect(
            error.description == """
                the sandbox was ended from outside, by signal 9
                  why: the kernel does so where memory has run out, and so can any administrator
                  fix: bake again: nothing of the step has been kept
                """
        )
    }

    @Test func `a worker without room for its report says so by its status`() {
        let error = SandboxRequirements.explain("cannot write\n", .exited(SandboxWorker.noSpaceStatus))
        #expect(error.description == "the sandbox ended without a report: cannot write")
        #expect(error.cause == .noSpace)
        #expect(SandboxRequirements.explain("cannot write\n", .exited(1)).cause == nil)
    }

    @Test func `sub-ids are found by name and by number, the largest range counts`() {
        let text = "other:1:99999\nme:100000:10\nme:200000:65536\n1001:300000:7\nbroken\nme:x:y\n"
        #expect(SandboxRequirements.subordinateIDs(of: "me", uid: 5, in: text) == 65536)
        #expect(SandboxRequirements.subordinateIDs(of: "nobody", uid: 1001, in: text) == 7)
        #expect(SandboxRequirements.subordinateIDs(of: "nobody", uid: 5, in: text) == 0)
    }

    @Test func `what unshare says becomes an error of the host, with a remedy`() {
        let error = SandboxRequirements.explain("unshare: unshare failed: Operation not permitted\n")
        #expect(error.kind == .host)
        #expect(error.message.hasSuffix("unshare: unshare failed: Operation not permitted"))
        #expect(error.fix?.contains("run ") == true)
        #expect(
            SandboxRequirements.explain("cannot read\nworse\n").description
                == "the sandbox ended without a report: cannot read; worse"
        )
    }

    @Test func `an error shows why and what to do below its message`() {
        let error = SandboxError(.host, "no", why: "because", fix: "do")
        #expect(error.description == "no\n  why: because\n  fix: do")
        let system = SystemError("open", "/x", .notPermitted)
        #expect(SandboxError.wrapping(error, while: "trying") == error)
        #expect(
            SandboxError.wrapping(system, while: "trying").message == "while trying: cannot open '/x': \(system.code)"
        )
    }

    @Test(.enabled(if: canRunSteps, "needs root or sub-ids, an OCI runtime and busybox"))
    func `a host that can run steps says so, and nothing is left of the trial`() async throws {
        let scratch = try TemporaryFolder()
        let found = await SandboxCapabilities.probe(worker: try builtProgram(), scratch: scratch.path)
        #expect(found.canRunSteps)
        #expect(found.items.map(\.name) == ["user", "OCI runtime", "namespaces and overlay", "Debian roots"])
        #expect(found.items.prefix(3).allSatisfy { $0.found != nil && $0.error == nil })
        #expect(try Files.names(in: scratch.path).isEmpty)
    }

    @Test func `the worker's command is for nobody else`() async {
        #expect(await SandboxWorker.main(["sandbox-worker"]) == 2)
        #expect(await SandboxWorker.main(["sandbox-worker", "more"]) == 2)
        #expect(await SandboxWorker.main([]) == 2)
    }
}
