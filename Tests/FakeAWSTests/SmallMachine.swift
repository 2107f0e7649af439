import FakeAWS
import Glibc
import SystemIO
import SystemPackage
import TestSupport

/// Whether commands of instances can be run here: as root, or as a user who may make namespaces.
let canRunMachines =
    Files.exists("/bin/busybox") && hasTool("unshare")
    && system("unshare \(geteuid() == 0 ? "" : "--user --map-root-user") -mpf true 2>/dev/null") == 0

/// The root tree of a machine that has busybox, and nothing else.
func smallMachine() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in ["bin", "dev", "etc", "proc", "run", "tmp", "var"] { try folder.makeFolder(name) }
    try folder.write(Files.read("/bin/busybox"), to: "bin/busybox", mode: 0o755)
    let tools = [
        "cat", "chmod", "echo", "head", "grep", "wc", "id", "ls", "mkdir", "mount", "ps", "sh", "sleep", "tar", "test",
        "wget", "yes",
    ]
    for tool in tools {
        folder.file("bin/\(tool)").withPlatformString { _ = symlink("busybox", $0) }
    }
    try folder.write("a small machine\n", to: "etc/motd")
    return folder
}
