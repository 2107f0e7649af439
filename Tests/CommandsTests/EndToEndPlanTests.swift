import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// `plan` promises that it writes nothing: held to it by looking, and by strace.
@Suite("A plan writes nothing")
struct EndToEndPlanTests {
    /// Names, kinds, permissions, owners, modification times to the nanosecond, and bytes.
    private func snapshot(_ folder: FilePath) async throws -> String {
        let facts = try await requireTool(
            "find",
            [folder.string, "-printf", "%P %y %m %U:%G %T@ %s %l\\n"]
        )
        let digests = try await requireTool(
            "sh",
            ["-c", "find \"$1\" -type f -print0 | sort -z | xargs -0 -r sha256sum", "sh", folder.string]
        )
        return facts.split(separator: "\n").sorted().joined(separator: "\n") + "\n" + digests
    }

    private func baked() async throws -> Kitchen {
        let kitchen = try await Kitchen()
        try await requireTool("git", ["init", "--quiet"], in: kitchen.work.path)
        try await requireTool("git", ["add", "."], in: kitchen.work.path)
        _ = try await kitchen.bake("--first")
        try kitchen.work.write("changed\n", to: "site/index.html")
        return kitchen
    }

    @Test func `store, work tree and .git are as they were`() async throws {
        let kitchen = try await baked()
        let before = try await (snapshot(kitchen.store), snapshot(kitchen.work.path))
        for arguments in [["plan"], ["plan", "--format", "json"], ["plan", "--refresh"], ["check"]] {
            #expect(try await kitchen.ovenbird(arguments).status == 0)
        }
        let after = try await (snapshot(kitchen.store), snapshot(kitchen.work.path))
        #expect(before == after)
    }

    @Test func `it creates no store where there is none`() async throws {
        let kitchen = try await Kitchen()
        let plan = try await kitchen.plan()
        #expect(Set(plan.values.map(\.state)) == ["will-run"])
        #expect(!Files.exists(kitchen.store))
        #expect(!Files.exists(kitchen.work.file("out")))
    }

    @Test(.enabled(if: geteuid() == 0 && hasTool("setpriv"), "needs root, to become somebody else"))
    func `it works as a user who may only read`() async throws {
        let kitchen = try await baked()
        let own = try await kitchen.run("plan")
        for path in [kitchen.store, kitchen.work.path, kitchen.store.removingLastComponent()] {
            try await requireTool("chmod", ["-R", "a+rX,go-w", path.string])
        }
        let before = try await snapshot(kitchen.store)
        let result = try await kitchen.ovenbird(
            ["plan"],
            through: ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
        )
        #expect(result.status == 0, "\(result.error)")
        #expect(result.text == own)
        #expect(try await snapshot(kitchen.store) == before)
    }

    @Test(.enabled("needs strace, and to be allowed to trace") { try await canTrace() })
    func `strace sees no removal, rename, socket or creation`() async throws {
        let kitchen = try await baked()
        let trace = try TemporaryFolder()
        let log = trace.file("trace")
        let result = try await kitchen.ovenbird(
            ["plan"],
            through: ["strace", "-f", "-qq", "-y", "-e", "trace=%file,%desc,%network", "-o", log.string, "--"]
        )
        #expect(result.status == 0, "\(result.error)")
        let lines = String(decoding: try Files.read(log, limit: 256 << 20), as: UTF8.self).split(separator: "\n")
        #expect(lines.count > 20)
        let suspicious = lines.filter { line in
            guard let call = line.split(separator: " ", maxSplits: 1).last?.drop(while: { $0 == " " }) else {
                return false
            }
            // SQLite opens the files of its log for writing, and as root gives them the owner of the index; they are
            // there already, and stay as they are.
            if call.contains("index.sqlite-wal") || call.contains("index.sqlite-shm") { return false }
            let name = call.prefix { $0 != "(" }
            return forbidden.contains(String(name)) || call.contains("O_CREAT") || call.contains("O_TRUNC")
        }
        #expect(suspicious == [])
    }

    private let forbidden: Set<String> = [
        "unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "mknod", "mknodat",
        "link",
        "linkat", "symlink", "symlinkat", "socket", "connect", "bind", "truncate", "chmod", "fchmod", "fchmodat",
        "chown",
        "fchown", "fchownat", "lchown", "utime", "utimes", "utimensat", "futimesat", "creat", "setxattr", "lsetxattr",
        "fsetxattr",
    ]
}

/// Whether strace works here: some containers refuse ptrace(2).
private func canTrace() async throws -> Bool {
    guard hasTool("strace") else { return false }
    return try await runTool("strace", ["-qq", "-o", "/dev/null", "true"]).status == 0
}
