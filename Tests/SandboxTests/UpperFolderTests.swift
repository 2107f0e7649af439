import Glibc
import Subprocess
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

/// What a step left is looked at before it is touched: it may be anything.
@Suite("What a step left in its upper folder")
struct UpperFolderTests {
    private let folder: TemporaryFolder
    private let upper: UpperFolder
    private let emptied = [VolatileFile("/etc/machine-id", .empty)]

    init() throws {
        folder = try TemporaryFolder()
        upper = try UpperFolder.open(try folder.makeFolder("upper"))
        try folder.makeFolder("upper/etc")
    }

    private var machineID: FilePath { folder.file("upper/etc/machine-id") }

    @Test func `a regular file is emptied and keeps its mode`() throws {
        try folder.write("0123\n", to: "upper/etc/machine-id", mode: 0o444)
        try upper.apply(emptied)
        let status = try FileStatus.ofExisting(machineID)
        #expect(status?.size == 0)
        #expect(status?.mode == 0o444)
    }

    @Test func `what is no regular file is not even opened`() throws {
        #expect(mkfifo(machineID.string, 0o600) == 0)
        let reader = try Descriptor.open(machineID, flags: O_RDONLY | O_NONBLOCK)
        try upper.apply(emptied)
        // A writer that has been there and gone would show as a hang-up.
        var poller = pollfd(fd: reader.raw, events: Int16(POLLIN), revents: 0)
        #expect(poll(&poller, 1, 0) == 0)
    }

    @Test func `a symlink is not followed`() throws {
        try folder.write("mine", to: "precious")
        #expect(symlink(folder.file("precious").string, machineID.string) == 0)
        try upper.apply(emptied)
        #expect(try Files.read(folder.file("precious")) == Array("mine".utf8))
    }

    @Test func `a file that cannot be emptied is told of`() async throws {
        // The kernel lets nobody write to a program that runs.
        try await requireTool("cp", ["/bin/sleep", machineID.string])
        let outcome = try await Subprocess.run(
            .path(machineID),
            arguments: ["1000"],
            input: .none,
            output: .discarded,
            error: .discarded
        ) { execution in
            defer { kill(execution.processIdentifier.value, SIGKILL) }
            return #expect(throws: SystemError.self) { try upper.apply(emptied) }
        }
        #expect(outcome.closureResult?.action == "empty")
        #expect(outcome.closureResult?.code == .textFileBusy)
    }

    @Test func `names are bytes`() throws {
        try folder.write("x", to: "upper/etc/e\u{301}.lock")
        try upper.apply([VolatileFile("/etc/*.lock")])
        #expect(try Files.names(in: folder.file("upper/etc")).isEmpty)
    }

    @Test func `a slash with a combining mark still parts a path`() throws {
        let root = try RootFolder.open(folder.file("upper"))
        try folder.makeFolder("upper/etc/\u{301}d")
        #expect(symlink("etc/\u{301}d", folder.file("upper/link").string) == 0)
        let place = try root.place(of: "/link")
        #expect(place.components.count == 2)
        #expect(place.kind == .directory)
        // The symlink in the middle would be followed by the kernel, out of the root.
        #expect(symlink("/", folder.file("upper/out").string) == 0)
        #expect(symlink("out/\u{301}x", folder.file("upper/way").string) == 0)
        #expect(try root.place(of: "/way").components.map { Array($0.utf8) } == [Array("\u{301}x".utf8)])
        let error = #expect(throws: SystemError.self) { try root.descriptor.openEntry("etc/x") }
        #expect(error?.code == .invalidArgument)
        var points = MountPoints()
        #expect(throws: SandboxError.self) { try points.add("/proc/\u{301}x", isFolder: true, in: root) }
    }
}
