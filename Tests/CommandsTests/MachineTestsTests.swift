import SystemIO
import SystemPackage
import TestSupport
import Testing

/// What a machine answers, and how that ends, with a program that stands in for QEMU.
@Suite("Tests of a machine that boots", .enabled(if: hasTool("grub-mkimage"))) struct MachineTestsTests {
    /// Writes what it was started with and answers what the file `answers` says; the second serial port is the last one.
    private static let machine = """
        #!/bin/sh
        case "$*" in *kvm*) exit 1 ;; esac
        echo "$*" >>"$ANSWERS.calls"
        for word; do
            case $word in file:*) report=${word#file:} ;; esac
        done
        cat "$ANSWERS" >"$report"
        [ -s "$ANSWERS" ] || exit 0
        exec sleep 600
        """

    private func kitchen(answers: [String], tests: [String]) async throws -> Kitchen {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            images:
              machine:
                kind: ami
                from: scratch
                version: sequence
                steps:
                  - file: { path: /boot/vmlinuz-6.1.0-1-amd64, content: "no kernel" }
                disk: { size: 256MiB }
            """
        )
        try await kitchen.run("bake", "--first")
        let bakefile = String(decoding: try Files.read(kitchen.work.file("Bakefile")), as: UTF8.self)
        let lines = tests.map { "\n      - \($0)" }.joined()
        try kitchen.work.write(bakefile + "\n    tests:" + (lines.isEmpty ? " []" : lines) + "\n", to: "Bakefile")
        try kitchen.work.write(answers.map { $0 + "\n" }.joined(), to: "answers")
        try kitchen.work.write(Self.machine, to: "bin/qemu-system-x86_64", mode: 0o755)
        return kitchen
    }

    private func ovenbird(_ kitchen: Kitchen, _ arguments: String...) async throws -> ToolResult {
        try await kitchen.ovenbird(
            arguments,
            environment: [
                "PATH": "\(kitchen.work.file("bin")):/usr/sbin:/usr/bin:/sbin:/bin",
                "ANSWERS": kitchen.work.file("answers").string,
            ],
            through: ["/usr/bin/env"]
        )
    }

    private static let tests = ["command: echo hello", "port: 80", "boot: 600s"]
    /// "hello", and a line of the kernel's table for port 80 of all addresses.
    private static let good = [
        "begun", "command 0 0 aGVsbG8K", "port 1 ICAgMDogMDAwMDAwMDA6MDA1MCAwMDAwMDAwMDowMDAwIDBBIAo=", "finished",
    ]

    @Test func `what fails is said, and there is no release`() async throws {
        let answers = ["begun", "command 0 7 bm8=", "port 1 ", "finished"]
        let kitchen = try await kitchen(answers: answers, tests: Self.tests)
        let result = try await ovenbird(kitchen, "bake")
        #expect(result.status == 3)
        #expect(result.error.contains("'machine:command-1' wrote:\n  no\n"), "\(result.error)")
        #expect(result.error.contains("error: the test 'machine:command-1' failed: "))
        #expect(result.error.contains("status: expected 0, found 7"))
        #expect(result.error.contains("error: the test 'machine:port-1' failed: "))
        #expect(result.error.contains("1 of 3 tests passed\n"))
        let release = String(decoding: try Files.read(kitchen.work.file("out/release.json")), as: UTF8.self)
        #expect(release.contains(#""version":"1""#) || release.contains(#""version": "1""#))
    }

    @Test func `a machine that ends before its tests fails all of them`() async throws {
        let kitchen = try await kitchen(answers: [], tests: ["command: echo hello", "port: 80"])
        let result = try await ovenbird(kitchen, "bake")
        #expect(result.status == 3)
        #expect(result.error.contains("why: the machine switched itself off before its tests were done"))
        #expect(result.error.contains("0 of 2 tests passed\n"))
    }

    @Test func `are run again by boot, in the way that is asked for`() async throws {
        let kitchen = try await kitchen(answers: Self.good, tests: Self.tests)
        let baked = try await ovenbird(kitchen, "bake")
        #expect(baked.status == 0 && baked.error.contains("3 of 3 tests passed\n"), "\(baked.error)")
        let result = try await ovenbird(kitchen, "boot", "machine", "--tests", "--disk", "virtio", "--memory", "777")
        #expect(result.status == 0, "\(result.error)")
        #expect(result.error == "booting 'machine 1' for its tests\n3 of 3 tests passed\n")
        let calls = String(decoding: try Files.read(kitchen.work.file("answers.calls")), as: UTF8.self).split(
            separator: "\n"
        )
        #expect(calls.count == 2)
        #expect(calls[0].contains(" nvme,drive=disk") && calls[1].contains(" virtio-blk-pci,drive=disk"))
        #expect(calls[1].contains("-m 777 "))
        try kitchen.work.write("begun\ncommand 0 1 \nport 1 \nfinished\n", to: "answers")
        let failed = try await ovenbird(kitchen, "boot", "machine", "--tests")
        #expect(failed.status == 3 && failed.error.contains("1 of 3 tests passed\n"), "\(failed.error)")
    }

    @Test func `that are none are not run`() async throws {
        let kitchen = try await kitchen(answers: Self.good, tests: ["file: /boot"])
        let result = try await ovenbird(kitchen, "boot", "machine", "--tests")
        #expect(result.status == 2)
        #expect(
            result.error == """
                error: no test of 'machine' needs a running machine [no-live-test]
                  why: its 'tests' read the layers, if there are any
                  fix: name the Bakefile with '--file', or add a test such as 'command', 'port' or 'http'

                """
        )
        let both = try await ovenbird(kitchen, "boot", "machine", "--tests", "--ssh", "admin")
        #expect(both.status == 2 && both.error.contains("'--tests' and '--ssh' each end the machine: leave one out"))
    }
}
