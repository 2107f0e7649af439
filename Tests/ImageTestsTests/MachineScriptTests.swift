import Bakefiles
import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import ImageTests

/// What a booted machine is asked to do; that a real one does it is seen by `scripts/check-machine`.
@Suite("The script of a machine's tests") struct MachineScriptTests {
    private static var checks: [ImageTest.Check] {
        var shell = CommandTest(command: .shell("echo it\\'s \"$MORE\"; exit 3"))
        shell.environment = ["MORE": "a 'b'"]
        var slow = CommandTest(command: .arguments(["sleep", "60"]))
        slow.limit = 1
        var closed = PortTest(port: "1/tcp")
        closed.limit = 1
        return [
            .file(FileTest(path: "/")), .command(shell), .command(slow), .port(closed), .http(HTTPTest(port: 80)),
        ]
    }

    /// Runs the script here, with a file as the serial port.
    private func run(_ script: String) async throws -> [MachineScript.Answer] {
        let folder = try TemporaryFolder()
        let report = folder.file("report")
        try folder.write("", to: "report")
        try folder.write(
            script.replacing("/dev/ttyS1", with: report.string).replacing("stty -F", with: ": stty -F")
                .replacing("exec 3>", with: "exec 3>>"),
            to: "script"
        )
        try await requireTool("dash", [folder.file("script").string])
        return String(decoding: try Files.read(report), as: UTF8.self).split(separator: "\n").compactMap {
            MachineScript.Answer(String($0))
        }
    }

    @Test func `does what tests ask for, and says how it ended`() async throws {
        let answers = try await run(MachineScript(Self.checks).text)
        #expect(
            answers == [
                .begun, .command(1, status: 3, output: "it's a 'b'\n"),
                .command(2, status: MachineScript.tookTooLong, output: ""), .port(3, table: ""), .finished,
            ]
        )
    }

    @Test func `a boot is measured until the script begins`() {
        let test = BootTest(limit: 90)
        #expect(test.outcome(90) == .passed)
        #expect(
            test.outcome(90.1) == .failed(["the machine ran its userdata after 91 s, and not within 90 s"])
        )
        #expect(!MachineScript([.boot(test)]).text.contains("90"))
    }

    @Test func `finds who listens`() async throws {
        let (socket, port) = try LoopbackPort.take()
        defer { withExtendedLifetime(socket) {} }
        #expect(listen(socket.raw, 1) == 0)
        // One that nobody else reaches is waited for until the end.
        var test = PortTest(port: "\(port)/tcp")
        test.limit = 1
        let answers = try await run(MachineScript([.port(test)]).text)
        guard case .port(0, let table) = answers.dropFirst().first else {
            Issue.record("no answer: \(answers)")
            return
        }
        #expect(table.contains("0100007F:"))
    }

    @Test(.enabled(if: hasTool("shellcheck"), "needs shellcheck"))
    func `is a good script`() async throws {
        let folder = try TemporaryFolder()
        try folder.write(MachineScript(Self.checks).text, to: "script")
        try await requireTool("shellcheck", ["--shell", "sh", "--severity", "warning", folder.file("script").string])
    }

    @Test func `what is no answer is passed over`() {
        #expect(MachineScript.Answer("command 0 0 aGkK") == .command(0, status: 0, output: "hi\n"))
        for line in ["", "noise", "command x 0 aGkK", "command 1 0 ?", "command 1 0", "port 1"] {
            #expect(MachineScript.Answer(line) == nil, "\(line)")
        }
    }

    /// What a reader of mail takes userdata apart into: type, file name and content of each part.
    private func parts(_ userData: [UInt8]) async throws -> String {
        let folder = try TemporaryFolder()
        try folder.write(userData, to: "userdata")
        let read = """
            import email, gzip, sys
            message = email.message_from_binary_file(open(sys.argv[1], "rb"))
            for part in message.walk():
                if part.get_content_maintype() == "multipart":
                    continue
                content = part.get_payload(decode=True)
                if content[:2] == b"\\x1f\\x8b":
                    content = gzip.decompress(content)
                print(part.get_content_type(), part.get_filename(), content.decode().strip().split("\\n")[0])
            """
        return try await requireTool("python3", ["-c", read, folder.file("userdata").string])
    }

    @Test func `comes behind other userdata of any form, and behind 'runcmd'`() async throws {
        let script = MachineScript(Self.checks)
        let own = "text/x-shellscript zz-ovenbird #!/bin/sh\n"
        #expect(try await parts(script.userData(behind: nil)) == own)
        #expect(
            try await parts(script.userData(behind: Array("#cloud-config\nö: 1\n".utf8)))
                == "text/plain None #cloud-config\n" + own
        )
        let message = """
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary="x"

            --x
            Content-Type: text/cloud-config

            #cloud-config
            --x
            Content-Type: text/x-shellscript; charset="us-ascii"

            #!/bin/bash
            --x--
            """
        #expect(
            try await parts(script.userData(behind: Array(message.utf8)))
                == "text/cloud-config None #cloud-config\ntext/x-shellscript None #!/bin/bash\n" + own
        )
        let folder = try TemporaryFolder()
        try folder.write("#!/bin/sh\n", to: "script")
        try await requireTool("gzip", [folder.file("script").string])
        let packed = try Files.read(folder.file("script.gz"))
        #expect(try await parts(script.userData(behind: packed)) == "application/x-gzip None #!/bin/sh\n" + own)
    }
}
