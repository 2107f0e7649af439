import TestSupport
import Testing

@Suite struct UserNamespaceTests {
    /// Runs `UnpackAndPackTests` again as root of a user namespace: 0 is 100000 outside, which has no privilege there.
    @Test(.enabled(if: isRoot && !isInNamespace && hasTool("python3"), "needs root, for the map of users, and python3"))
    func `all of it works in a user namespace too`() async throws {
        let launcher = """
            import ctypes, os, sys
            ready, go = os.pipe(), os.pipe()
            child = os.fork()
            if child == 0:
                if ctypes.CDLL(None).unshare(0x10000000 | 0x20000): os._exit(99)
                os.write(ready[1], b"x"); os.read(go[0], 1)
                os.setgroups([]); os.setgid(0); os.setuid(0)
                os.execv(sys.argv[1], sys.argv[1:])
            os.read(ready[0], 1)
            for kind in "uid", "gid":
                with open(f"/proc/{child}/{kind}_map", "w") as file: file.write("0 100000 65536")
            os.write(go[1], b"x")
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            """
        let program = CommandLine.arguments[0]
        let arguments = ["--testing-library", "swift-testing", "--filter", "UnpackAndPackTests"]
        let result = try await runTool(
            "python3",
            ["-c", launcher, program] + arguments,
            environment: ["OVENBIRD_TEST_USER_NAMESPACE": "1"]
        )
        #expect(
            result.status == 0 && (result.text + result.error).contains("8 tests"),
            "\(result.text)\(result.error)"
        )
    }
}
