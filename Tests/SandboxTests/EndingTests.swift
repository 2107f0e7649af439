import Glibc
import Subprocess
import Synchronization
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

/// Steps end when they are told to, and when their parent dies, and leave nothing.
@Suite("Ending a step", .enabled(if: canRunSteps, "needs root or sub-ids, an OCI runtime and busybox"))
struct EndingTests {
    /// A step that writes a line and then waits for ever, with children of its own.
    static let waiting = "sleep 1000 & touch /srv/made; echo started; sleep 1000"

    /// The step would last longer than the limit: that the test ends at all says that it was ended.
    ///
    /// The limits count the waiting for all other tests, too, and on a slow machine these take minutes.
    @Test(.timeLimit(.minutes(15))) func `a cancelled step is gone at once, with all that it made`() async throws {
        let root = try await SmallRoot.make()
        let job = try root.job(Self.waiting)
        // All processes of the step hold the write end: its end is their end.
        let pipe = try Pipe()
        let running = Task { try await StepSandbox.run(job, worker: root.worker, log: pipe.takeWriteEnd()) }
        #expect(try await pipe.readLine() == "started")
        running.cancel()
        await #expect(throws: CancellationError.self) { _ = try await running.value }
        #expect(try await pipe.readLine() == nil)
        #expect(try Files.names(in: job.scratch).isEmpty)
        #expect(!Files.exists(job.output))
        #expect(try processes(naming: job.scratch).isEmpty)
    }

    @Test func `a step that was cancelled before it began does not run`() async throws {
        let root = try await SmallRoot.make()
        let job = try root.job("echo ran")
        let log = try Descriptor.open(root.folder.file("log"), flags: O_WRONLY | O_CREAT, mode: 0o644)
        let running = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await StepSandbox.run(job, worker: root.worker, log: log)
        }
        await #expect(throws: CancellationError.self) { _ = try await running.value }
        #expect(try Files.names(in: job.scratch).isEmpty)
    }

    /// Kills the process of this run whose command line has `part`, and gives the error.
    private func error(killing part: String) async throws -> SandboxError? {
        let root = try await SmallRoot.make()
        let job = try root.job("touch /srv/made; echo started; exec sleep 1000")
        let pipe = try Pipe()
        let running = Task { try await StepSandbox.run(job, worker: root.worker, log: pipe.takeWriteEnd()) }
        #expect(try await pipe.readLine() == "started")
        let writer = try #require(try writers(of: pipe).first { $0.line.contains(part) })
        kill(writer.process, SIGKILL)
        let error = await #expect(throws: SandboxError.self) { _ = try await running.value }
        #expect(try await pipe.readLine() == nil)
        #expect(try Files.names(in: job.scratch).isEmpty)
        #expect(!Files.exists(job.output))
        return error
    }

    @Test(.timeLimit(.minutes(15)), arguments: ["unshare", SandboxWorker.command])
    func `a killed sandbox is an error that says so`(part: String) async throws {
        let error = try #require(try await error(killing: part))
        #expect(error.kind == .system)
        #expect(error.message == "the sandbox was ended from outside, by signal 9")
        #expect(error.fix == "bake again: nothing of the step has been kept")
    }

    @Test(.timeLimit(.minutes(15))) func `a killed runtime is an error that says so`() async throws {
        let runtime = try SandboxRequirements.runtime().kind.rawValue
        let error = try #require(try await error(killing: "\0run\0--bundle\0"))
        #expect(error.description == "\(runtime) was ended by signal 9")
    }

    @Test(.timeLimit(.minutes(15))) func `a killed program of the step is the step's end`() async throws {
        let root = try await SmallRoot.make()
        let (result, _) = try await root.run(try root.job("kill -KILL $$"))
        // The first process of a PID namespace is not reached by its own signals; its child is.
        #expect(result.exitStatus == 0)
        let child = try await root.run(try root.job("sh -c 'kill -KILL $$' || exit $?")).result
        #expect(child.exitStatus == 137)
        #expect(child.layer == nil)
    }

    /// Not a test of its own: the parent that the next test kills, in whose folder it leaves its own.
    @Test(.enabled(if: getenv(hangingFolder) != nil, "is started by another test"))
    func `hang until killed`() async throws {
        let parent = try #require(getenv(hangingFolder).map { String(cString: $0) })
        let root = try await SmallRoot.make(in: FilePath(parent))
        let log = Descriptor(adopting: dup(STDOUT_FILENO), path: "standard output")
        _ = try await StepSandbox.run(try root.job(Self.waiting), worker: root.worker, log: log)
    }

    /// Its steps hold the pipe too, and would last for many minutes.
    @Test(.timeLimit(.minutes(15))) func `a killed parent takes its steps with it`() async throws {
        let root = try await SmallRoot.make()
        let arguments = ["--testing-library", "swift-testing", "--filter", "hang until killed"]
        let ended = try await run(
            .path(try testExecutable()),
            arguments: Arguments(arguments),
            environment: .inherit.updating([Environment.Key(stringLiteral: hangingFolder): root.folder.path.string]),
            input: .none,
            output: .sequence,
            error: .discarded
        ) { execution in
            var text = ""
            var isKilled = false
            for try await buffer in execution.standardOutput {
                text += buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                if !isKilled, text.contains("started\n") {
                    isKilled = true
                    kill(execution.processIdentifier.value, SIGKILL)
                }
            }
            return isKilled
        }
        #expect(ended.closureResult)
    }

    /// Processes, but this one, that hold the write end of a pipe.
    private func writers(of pipe: Pipe) throws -> [(process: pid_t, line: String)] {
        try Files.names(in: "/proc").compactMap { name in
            guard let process = pid_t(name.string), process != getpid() else { return nil }
            let folder = FilePath("/proc").appending(name)
            guard let descriptors = try? Files.names(in: folder.appending("fd")),
                descriptors.contains(where: { inode(folder.appending("fd").appending($0)) == pipe.inode }),
                let line = try? Files.read(folder.appending("cmdline"))
            else { return nil }
            return (process, String(decoding: line, as: UTF8.self))
        }
    }

    /// Command lines of processes that name the folder.
    private func processes(naming folder: FilePath) throws -> [String] {
        try Files.names(in: "/proc").filter { Int($0.string) != nil }.compactMap { name in
            guard let line = try? Files.read(FilePath("/proc").appending(name).appending("cmdline")) else { return nil }
            let text = String(decoding: line, as: UTF8.self)
            return text.contains(folder.string) ? text : nil
        }
    }
}

private let hangingFolder = "OVENBIRD_TEST_HANG"

/// The executable that holds the tests.
func testExecutable() throws -> FilePath {
    let argument = FilePath(CommandLine.arguments.first ?? "")
    return Files.exists(argument) && argument.extension == "xctest" ? argument : try StepSandbox.currentExecutable()
}

/// Of what a path leads to; nil where that cannot be known.
private func inode(_ path: FilePath) -> UInt64? {
    var status = stat()
    return path.withPlatformString { stat($0, &status) } == 0 ? UInt64(status.st_ino) : nil
}

/// A pipe whose read end tells when the last writer has gone.
final class Pipe: Sendable {
    private let readEnd: Descriptor
    private let writeEnd: Mutex<Descriptor?>
    /// Says which processes hold it.
    var inode: UInt64? {
        var status = stat()
        return fstat(readEnd.raw, &status) == 0 ? UInt64(status.st_ino) : nil
    }

    init() throws {
        let ends = try FileDescriptor.pipe()
        readEnd = Descriptor(adopting: ends.readEnd.rawValue, path: "pipe")
        writeEnd = Mutex(Descriptor(adopting: ends.writeEnd.rawValue, path: "pipe"))
        for end in [ends.readEnd, ends.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
    }

    /// Can be taken once; it is closed with the last reference.
    func takeWriteEnd() throws -> Descriptor {
        try #require(
            writeEnd.withLock { end in
                defer { end = nil }
                return end
            }
        )
    }

    /// nil at the end.
    func readLine() async throws -> String? {
        try await BlockingPool.shared.run { [readEnd] in
            var line: [UInt8] = []
            var byte: UInt8 = 0
            while try withUnsafeMutableBytes(of: &byte, { (bytes) in try readEnd.read(into: bytes) }) == 1 {
                if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
                line.append(byte)
            }
            return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
        }
    }
}
