import Glibc
import SystemIO
import SystemPackage
import TestSupport

@testable import Sandbox

/// A root of busybox alone, as a layer, and everything that a run needs beside it.
struct SmallRoot {
    /// Holds all files of the test.
    let folder: TemporaryFolder
    let layer: SandboxJob.Layer
    let worker: FilePath

    static let programs = [
        "sh", "ls", "cat", "mkdir", "mknod", "ip", "id", "touch", "rm", "ln", "sleep", "dd", "stat", "env", "chmod",
        "chown", "echo", "true", "pwd", "hostname", "mkfifo", "seq", "mount", "umount", "mv", "cp", "find", "grep",
        "readlink", "ps", "test", "rmdir", "setpriv", "sync", "kill", "printf",
    ]

    static func make(in parent: FilePath = "/tmp") async throws -> SmallRoot {
        let folder = try TemporaryFolder(in: parent)
        let root = try folder.makeFolder("tree")
        for name in ["bin", "etc", "srv", "srv/old", "srv/keep", "tmp"] { try folder.makeFolder("tree/\(name)") }
        try await requireTool("cp", ["/bin/busybox", root.appending("bin/busybox").string])
        for name in programs { try await requireTool("ln", ["-s", "busybox", root.appending("bin/\(name)").string]) }
        try folder.write("root:x:0:0:root:/root:/bin/sh\nweb:x:33:33:web:/srv:/bin/sh\n", to: "tree/etc/passwd")
        try folder.write("root:x:0:\nweb:x:33:\nextra:x:50:web\n", to: "tree/etc/group")
        for name in ["a", "b"] { try folder.write("old \(name)\n", to: "tree/srv/old/\(name)") }
        try folder.write("one\n", to: "tree/srv/keep/file")
        let tar = folder.file("base.tar")
        try await requireTool(
            "tar",
            [
                "--sort=name", "--mtime=@1000000000", "--owner=0", "--group=0", "--numeric-owner", "--format=pax",
                "--pax-option=delete=atime,delete=ctime", "-cf", tar.string, "-C", root.string, ".",
            ]
        )
        let digest = Digester.digest(of: try Files.read(tar))
        let blob = folder.file(digest.hex)
        try Files.rename(tar, to: blob)
        try folder.makeFolder("scratch")
        return SmallRoot(folder: folder, layer: .init(diffID: digest, blob: blob), worker: try builtProgram())
    }

    func job(_ script: String, timestamp: Int64 = 1_600_000_000) throws -> SandboxJob {
        try job(["/bin/sh", "-ec", script], timestamp: timestamp)
    }

    func job(_ arguments: [String], timestamp: Int64 = 1_600_000_000) throws -> SandboxJob {
        let name = "scratch/\(UInt64.random(in: 0...UInt64.max))"
        return SandboxJob(
            layers: [layer],
            rootsFolder: try folder.makeFolder("roots"),
            scratch: try folder.makeFolder(name),
            arguments: arguments,
            environment: ["PATH": "/bin"],
            timestamp: timestamp,
            output: folder.file("\(name).tar")
        )
    }

    /// Runs a job; the log's text is the second part.
    func run(_ job: SandboxJob) async throws -> (result: SandboxResult, log: String) {
        let file = job.scratch.appending("../\(UInt64.random(in: 0...UInt64.max)).log")
        let log = try Descriptor.open(file, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
        let result = try await StepSandbox.run(job, worker: worker, log: log)
        return (result, String(decoding: try Files.read(file), as: UTF8.self))
    }

    /// Name, kind, mode, owner and target of each entry, as bsdtar sees them.
    func listing(_ job: SandboxJob) async throws -> [String] {
        try await requireTool("bsdtar", ["--numeric-owner", "-tvf", job.output.string])
            .split(separator: "\n").map { line in
                let fields = line.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
                return ([fields[0], fields[2], fields[3]] + fields.dropFirst(8)).joined(separator: " ")
            }
    }
}

/// Whether this user can run steps here, in small roots.
let canRunSteps = (try? SandboxRequirements.check()) != nil && Files.exists("/bin/busybox")

/// A path of the host without symlinks.
func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
}
