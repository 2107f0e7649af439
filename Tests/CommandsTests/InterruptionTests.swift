import OCI
import Reporting
import Synchronization
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// Signals end what runs, whoever reads along.
@Suite("A signal")
struct InterruptionTests {
    /// A bake that has more to say than a pipe of one page takes.
    private func kitchen() async throws -> Kitchen {
        let steps = (1...200).map { "      - file: { path: /f\($0), content: hello }" }.joined(separator: "\n")
        return try await Kitchen(
            "bakefile: 1\nproject: kitchen\nimages:\n  many:\n    kind: docker\n    from: scratch\n    steps:\n\(steps)\n"
        )
    }

    /// Starts the program with standard error into a pipe that nobody reads, and waits until it is full.
    private let begin = #"""
        import fcntl, os, signal, struct, subprocess, sys, termios, time
        reader, writer = os.pipe()
        size = fcntl.fcntl(writer, 1031, 4096)  # F_SETPIPE_SZ
        def start():
            process = subprocess.Popen(sys.argv[1:], stderr=writer)
            deadline, last = time.monotonic() + 60, -1
            while time.monotonic() < deadline:
                held = struct.unpack("i", fcntl.ioctl(reader, termios.FIONREAD, b"\0" * 4))[0]
                # Full: what is held stays the same, and the next line does not fit.
                if held == last and held > size - 300:
                    return process
                last = held
                time.sleep(0.05)
            raise SystemExit("the pipe does not fill")

        """#

    private func python(_ program: String, _ kitchen: Kitchen, _ arguments: [String]) async throws -> ToolResult {
        try await kitchen.ovenbird(arguments, through: ["python3", "-c", begin + program])
    }

    @Test(arguments: [("SIGTERM", 143), ("SIGINT", 130), ("SIGHUP", 129)])
    func `ends a bake whose messages nobody reads`(_ name: String, _ status: Int) async throws {
        let result = try await python(
            """
            process = start()
            began = time.monotonic()
            process.send_signal(signal.\(name))
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                raise SystemExit("it never ends")
            print(process.returncode, time.monotonic() - began < 5)
            """,
            try await kitchen(),
            ["bake", "--first", "--progress", "plain"]
        )
        #expect(result.text == "\(status) True\n", "\(result.error)")
    }

    @Test func `sent twice ends it as well`() async throws {
        let result = try await python(
            """
            process = start()
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGTERM)
            try:
                print(process.wait(timeout=20))
            except subprocess.TimeoutExpired:
                process.kill()
            """,
            try await kitchen(),
            ["bake", "--first", "--progress", "json"]
        )
        #expect(result.text == "143\n", "\(result.error)")
    }

    @Test func `that the caller ignores stays ignored, as under nohup`() async throws {
        let result = try await python(
            """
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            process = start()
            fields = dict(line.split(":", 1) for line in open(f"/proc/{process.pid}/status"))
            ignored, caught = (int(fields[name], 16) for name in ("SigIgn", "SigCgt"))
            print([bool(ignored >> n - 1 & 1) for n in (1, 2, 15)], [bool(caught >> n - 1 & 1) for n in (1, 2, 15)])
            process.kill()
            """,
            try await kitchen(),
            ["bake", "--first", "--progress", "plain"]
        )
        #expect(result.text == "[True, True, False] [False, False, True]\n", "\(result.error)")
    }

    @Test func `does not come, and a long wait says that it goes on`() async throws {
        let (lines, continuation) = AsyncStream<String>.makeStream()
        let first = try await Waiting.saying("still exporting 'w\u{1b}eb'", every: .milliseconds(1)) {
            continuation.yield($0)
        } _: {
            for await line in lines { return line }
            return "nothing"
        }
        #expect(first.hasSuffix("Z still exporting 'w\\x1beb'"), "\(first)")
        #expect(
            try await Waiting.saying("", every: .seconds(3600), say: { _ in Issue.record("it was quick") }) { 7 } == 7
        )
    }
}
