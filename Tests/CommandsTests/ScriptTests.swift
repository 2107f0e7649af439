import SystemPackage
import SystemIO
import TestSupport
import Testing

/// What the scripts find out before they begin something long.
@Suite("The scripts")
struct ScriptTests {
    private let folder: TemporaryFolder
    private let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

    init() throws { folder = try TemporaryFolder() }

    /// Asks for an engine as an ordinary user, with programs that stand for docker and sudo.
    private func check(docker: String, sudo: String?) async throws -> ToolResult {
        try folder.write("#!/bin/sh\n\(docker)\n", to: "bin/docker", mode: 0o755)
        // What sudo runs is root's, and answers.
        if let sudo { try folder.write("#!/bin/sh\n\(sudo)\n", to: "bin/sudo", mode: 0o755) }
        return try await runTool(
            "bash",
            [
                "-euc",
                """
                source "$2/scripts/common.sh"; source "$2/scripts/engine.sh"
                PATH=$1:/nonexistent
                id() { echo 1000; }
                has() { [ "$1" != sudo ] || [ -x "\(folder.path)/bin/sudo" ]; }
                mktemp() { mkdir "\(folder.path)/wrapper"; echo "\(folder.path)/wrapper"; }
                mkdir() { /bin/mkdir "$@"; }; chmod() { /bin/chmod "$@"; }; rm() { /bin/rm "$@"; }
                check_engine
                PATH=$PATH:/bin docker version
                stop_engine
                """, "bash", folder.file("bin").string, root.string,
            ]
        )
    }

    private let refused = "echo 'permission denied while trying to connect to the daemon socket' >&2; exit 1"

    @Test func `tell an engine that may not be used from one that does not run`() async throws {
        let denied = try await check(docker: refused, sudo: nil)
        #expect(denied.status == 1)
        #expect(
            denied.error
                == "error: the Docker engine runs, but you may not use it: join the group 'docker', or use sudo\n"
        )
        let stopped = try await check(docker: "echo 'Cannot connect to the Docker daemon' >&2; exit 1", sudo: nil)
        #expect(stopped.status == 1)
        #expect(
            stopped.error
                == "error: no Docker engine answers, and only root can start one: 'sudo systemctl start docker'\n"
        )
    }

    @Test func `use the engine through sudo, where that is what it takes`() async throws {
        let result = try await check(
            docker: "[ -n \"$AS_ROOT\" ] || { \(refused); }; echo \"docker $*\"",
            sudo: "[ \"$1\" != -v ] || exit 0; AS_ROOT=1 exec \"$@\""
        )
        #expect(result.status == 0, "\(result.error)")
        #expect(result.text == "docker version\n")
        #expect(!Files.exists(folder.file("wrapper")))
    }
}
