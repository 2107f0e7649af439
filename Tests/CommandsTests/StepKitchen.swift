import Glibc
import SystemIO
import SystemPackage
import TestSupport

/// A kitchen whose one image stands on a root of busybox alone.
enum StepKitchen {
    static let canRun = geteuid() == 0 && (hasTool("crun") || hasTool("runc")) && Files.exists("/bin/busybox")

    static func make(_ steps: String) async throws -> Kitchen {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            secrets:
              token: { env: TOKEN }
              key: { file: key.bin }
            images:
              box:
                kind: docker
                from: { rootfs: root.tar }
                version: sequence
                steps:
            \(steps.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n"))
            """
        )
        let root = try TemporaryFolder()
        for name in ["bin", "etc", "tmp", "srv"] { try root.makeFolder(name) }
        try await requireTool("cp", ["/bin/busybox", root.file("bin/busybox").string])
        for name in ["sh", "cat", "sleep", "echo", "mkdir", "chmod", "ln", "rm", "touch", "ip", "test", "env"] {
            try await requireTool("ln", ["-s", "busybox", root.file("bin/\(name)").string])
        }
        try root.write("root:x:0:0:root:/root:/bin/sh\n", to: "etc/passwd")
        try root.write("root:x:0:\n", to: "etc/group")
        try await requireTool(
            "tar",
            ["--owner=0", "--group=0", "-cf", kitchen.work.file("root.tar").string, "-C", root.path.string, "."]
        )
        return kitchen
    }
}
