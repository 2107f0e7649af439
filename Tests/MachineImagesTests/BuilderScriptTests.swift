import MachineImages
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// What builder machines are told to run, on a tree in the place of a machine.
@Suite("Scripts of builder machines", .enabled(if: hasTool("curl") && hasTool("flock"), "needs curl and flock"))
struct BuilderScriptTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.makeFolder("machine")
    }

    /// A bundle of one script, which counts how often it runs in `machine/count`.
    private func bundle(_ script: String) async throws -> (digest: Digest, url: String) {
        try folder.write("#!/bin/sh\necho once >>\"$OVENBIRD_ROOT/count\"\n\(script)\n", to: "apply.sh")
        try await requireTool("tar", ["-cf", "bundle.tar", "apply.sh"], in: folder.path)
        let file = folder.file("bundle.tar")
        return (Digester.digest(of: try Files.read(file)), "file://\(file.string)")
    }

    private func script(_ bundle: (digest: Digest, url: String), deadline: Int64 = 1 << 40) -> String {
        BuilderScript.apply(
            step: "base:it's",
            number: 1,
            bundle: bundle.digest,
            url: bundle.url,
            log: "file://\(folder.file("told"))",
            deadline: deadline
        )
    }

    private func run(_ script: String) async throws -> ToolResult {
        try await runTool(
            "sh",
            ["-c", script],
            in: folder.path,
            environment: ["OVENBIRD_ROOT": folder.file("machine").string]
        )
    }

    private var count: Int {
        get throws { try Files.read(folder.file("machine/count")).count { $0 == 0x0A } }
    }

    @Test func `a bundle is applied once, however often it is told to, and at one time`() async throws {
        let script = script(try await bundle("sleep 0.2; echo done"))
        async let first = run(script)
        async let second = run(script)
        let texts = try await [first.text, second.text].sorted()
        #expect(texts == ["done\n", "ovenbird: base:it's: is applied already\n"])
        #expect(try count == 1)
        let third = try await run(script)
        #expect((third.status, third.text) == (0, "ovenbird: base:it's: is applied already\n"))
    }

    @Test func `after a restart the bundle is there, and is applied again`() async throws {
        let bundle = try await bundle("[ -e \"$OVENBIRD_ROOT/again\" ] || { : >\"$OVENBIRD_ROOT/again\"; exit 194; }")
        #expect(try await run(script(bundle)).status == 194)
        // The address is good for a while only.
        try Files.removeFile(folder.file("bundle.tar"))
        #expect(try await run(script(bundle)).status == 0)
        #expect(try count == 2)
    }

    @Test func `what is another bundle, or cannot be fetched, is not applied`() async throws {
        var bundle = try await bundle("")
        bundle.digest = Digester.digest(of: "else")
        let other = try await run(script(bundle))
        #expect(other.status == 1)
        #expect(
            other.text.hasSuffix("ovenbird: base:it's: the bundle cannot be fetched, or is another one than was sent\n")
        )
        #expect(!other.text.contains("file://"))
        #expect(!Files.exists(folder.file("machine/count")))
    }

    @Test func `nothing begins after the deadline, and what fails says how`() async throws {
        let late = try await run(script(try await bundle(""), deadline: 1))
        #expect((late.status, late.text) == (1, "ovenbird: base:it's: the time of this machine is over\n"))
        let failed = try await run(script(try await bundle("echo no >&2; exit 7")))
        #expect((failed.status, failed.text) == (7, "no\n"))
    }

    @Test func `what a step has said is put away while it runs, where the agent has a file of it`() async throws {
        let bundle = try await bundle(
            "echo first; until [ -s '\(folder.file("told"))' ]; do sleep 0.1; done; echo last"
        )
        try folder.makeFolder("agent")
        try folder.write(script(bundle), to: "agent/_script.sh")
        let result = try await run("sh agent/_script.sh >agent/stdout")
        #expect((result.status, result.text) == (0, ""))
        func text(_ file: String) throws -> String {
            String(decoding: try Files.read(folder.file(file)), as: UTF8.self)
        }
        #expect(try text("told") == "first\n" && text("agent/stdout") == "first\nlast\n")
    }

    /// A step that goes on until whoever puts what it says has slept six times, by programs that make that short.
    @Test(arguments: [(6, 2), (17_000_000, 0)])
    func `what is refused twice, or too large, is not put any more, and nothing ends before the step`(
        size: Int,
        puts: Int
    ) async throws {
        for (name, script) in [
            ("sleep", "echo once >>\"$OVENBIRD_ROOT/sleeps\"\nPATH=${PATH#*:}\nexec sleep 0.05"),
            (
                "curl",
                "case $* in *--upload-file*) echo once >>\"$OVENBIRD_ROOT/puts\"; exit 22 ;; esac\nPATH=${PATH#*:}\n"
                    + "exec curl \"$@\""
            ), ("python3", "exit 1"),
        ] {
            try folder.write("#!/bin/sh\n\(script)\n", to: "bin/\(name)", mode: 0o755)
        }
        let bundle = try await bundle(
            """
            PATH=${PATH#*:}
            rounds=0
            until [ "$(wc -l <"$OVENBIRD_ROOT/sleeps")" -ge 6 ]; do
                rounds=$((rounds + 1))
                [ "$rounds" -lt 200 ] || exit 9
                sleep 0.05
            done
            """
        )
        try folder.makeFolder("agent")
        try folder.write(script(bundle), to: "agent/_script.sh")
        let result = try await run(
            "for file in sleeps puts; do : >machine/$file; done; head -c \(size) /dev/zero >agent/stdout\n"
                + "PATH=$PWD/bin:$PATH sh agent/_script.sh >>agent/stdout"
        )
        #expect((result.status, result.text) == (0, ""))
        #expect(try Files.read(folder.file("machine/puts")).count { $0 == 0x0A } == puts)
    }

    @Test func `nothing of what was sent stays, and nothing that no two machines may share`() async throws {
        _ = try await run(script(try await bundle("")))
        try folder.makeFolder("machine/etc/ssh")
        try folder.makeFolder("machine/var/log/app")
        for file in [
            "etc/machine-id", "etc/ssh/ssh_host_rsa_key", "etc/ssh/ssh_host_rsa_key.pub", "etc/ssh/sshd_config",
            "var/log/wtmp", "var/log/app/log",
        ] {
            try folder.write("x\n", to: "machine/\(file)")
        }
        let result = try await run(BuilderScript.clean(step: "base:end"))
        #expect((result.status, result.text) == (0, "ovenbird: base:end: the traces of this machine are taken away\n"))
        let left = try await requireTool(
            "sh",
            ["-c", "find machine -type f -printf '%P %s\\n' | sort"],
            in: folder.path
        )
        #expect(left == "count 5\netc/machine-id 0\netc/ssh/sshd_config 2\nvar/log/wtmp 0\n")
    }

    @Test(.enabled(if: hasTool("shellcheck"), "needs shellcheck")) func `are good shell`() async throws {
        try folder.write(script(try await bundle("")), to: "apply")
        try folder.write(BuilderScript.clean(step: "base:end"), to: "clean")
        try await requireTool("shellcheck", ["--shell=sh", "apply", "clean"], in: folder.path)
    }
}
