import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// What stops a boot before it begins; that machines boot is seen by `scripts/check-machine`.
@Suite("Booting a machine image") struct BootTests {
    private func kitchen(kind: String = "ami", disk: String = "{ size: 256MiB }") async throws -> Kitchen {
        let disk = kind == "ami" ? "    disk: \(disk)\n" : ""
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            images:
              machine:
                kind: \(kind)
                from: scratch
                version: sequence
                steps:
                  - file: { path: /boot/vmlinuz-6.1.0-1-amd64, content: "no kernel" }
            """ + "\n" + disk
        )
        try await kitchen.run("bake", "--first")
        return kitchen
    }

    private func refusal(_ kitchen: Kitchen, _ arguments: String..., status: Int32 = 2) async throws -> String {
        let result = try await kitchen.ovenbird(["boot", "machine"] + arguments)
        #expect(result.status == status)
        return result.error
    }

    @Test func `is refused with options that mean nothing`() async throws {
        let kitchen = try await kitchen()
        #expect(
            try await refusal(kitchen, "--forward", "80").contains("'--forward 80' is no pair of ports: '8080:80' is")
        )
        #expect(try await refusal(kitchen, "--forward", "80:0").contains("is no pair of ports"))
        #expect(
            try await refusal(kitchen, "--ssh", "admin", "--ssh-key", "key.pub").contains(
                "'--ssh' makes a key of its own: leave out '--ssh-key'"
            )
        )
        #expect(
            try await refusal(kitchen, "--ssh=-oProxyCommand=x").contains("is no user that '--ssh' could log in as")
        )
        #expect(try await refusal(kitchen, "--memory", "1").contains("'--memory' takes 128 and more"))
        #expect(
            try await refusal(kitchen, "--volume", "0").contains("'--volume' takes 1 to 65536, which is the largest")
        )
        #expect(try await refusal(kitchen, "--timeout", "0").contains("'--timeout' takes 1 and more"))
    }

    @Test func `userdata that is not there is told of before an image is baked whose tests need it`() async throws {
        let kitchen = try await kitchen()
        let bakefile = String(decoding: try Files.read(kitchen.work.file("Bakefile")), as: UTF8.self)
        try kitchen.work.write(bakefile + "    userdata: none\n    tests: [{ file: /boot }]\n", to: "Bakefile")
        try await kitchen.run("bake")
        try kitchen.work.write(bakefile + "    userdata: none\n    tests: [{ command: \"true\" }]\n", to: "Bakefile")
        let result = try await kitchen.ovenbird(["bake"])
        #expect(result.status == 2)
        #expect(result.error.contains("error: 'none' does not exist [input-missing]"))
        #expect(!result.error.contains("starts:"))
    }

    @Test func `takes as much userdata as EC2 does`() async throws {
        let kitchen = try await kitchen()
        try kitchen.work.write(String(repeating: "x", count: 16_385), to: "userdata")
        #expect(
            try await refusal(kitchen, "--userdata", "userdata") == """
                error: 'userdata' is too large for userdata, of which EC2 takes 16384 bytes at most [input-unreadable]

                """
        )
        #expect(
            try await refusal(kitchen, "--userdata", "none").contains("No such file or directory [input-unreadable]")
        )
    }

    @Test func `gives a machine public keys only`() async throws {
        let kitchen = try await kitchen()
        try kitchen.work.write("-----BEGIN OPENSSH PRIVATE KEY-----\n", to: "key")
        #expect(
            try await refusal(kitchen, "--ssh-key", "key") == """
                error: 'key' holds no public key of SSH [input-unreadable]
                  fix: name the file that ends in '.pub'

                """
        )
    }

    @Test func `a volume has room for the disk`() async throws {
        let kitchen = try await kitchen(disk: "{ size: 1025MiB }")
        #expect(
            try await refusal(kitchen, "--volume", "1") == """
                error: 'machine' cannot be booted here [no-disk]
                  why: its disk has 2 GiB, and the volume is to have 1
                  fix: give '--volume' as many GiB or more

                """
        )
    }

    @Test func `is of machine images`() async throws {
        let kitchen = try await kitchen(kind: "docker")
        #expect(
            try await refusal(kitchen) == """
                error: 'machine' is a container image, which has no disk [no-disk]
                  fix: name a machine image

                """
        )
    }

    @Test func `ends with the package that QEMU is in`() async throws {
        let kitchen = try await kitchen()
        let result = try await kitchen.ovenbird(
            ["boot", "machine"],
            environment: ["PATH": "/nonexistent"],
            through: ["/usr/bin/env"]
        )
        #expect(result.status == 1)
        #expect(
            result.error == """
                error: 'machine' cannot be booted here [tool-missing]
                  why: this computer lacks qemu-system-x86, which machines run in
                  fix: install qemu-system-x86

                """
        )
    }

    @Test func `ends with the package that SSH is in`() async throws {
        let kitchen = try await kitchen()
        try await requireTool("sh", ["-ec", "mkdir bin; ln -s /usr/bin/qemu-system-x86_64 bin"], in: kitchen.work.path)
        let result = try await kitchen.ovenbird(
            ["boot", "machine", "--ssh", "admin"],
            environment: ["PATH": kitchen.work.file("bin").string],
            through: ["/usr/bin/env"]
        )
        #expect(result.status == 1)
        #expect(result.error.contains("fix: install openssh-client"), "\(result.error)")
    }

    /// With programs that stand in for SSH's; the machine has no kernel, and nobody answers in it.
    @Test func `logs in with a key that was made for it, and ends with the session`() async throws {
        let kitchen = try await kitchen()
        let keygen = """
            #!/bin/sh
            for last; do :; done
            echo private >"$last"
            echo 'ssh-ed25519 AAAA ovenbird' >"$last.pub"
            """
        // It is let in at the second time.
        let ssh = """
            #!/bin/sh
            echo "$*" >>"$LOG"
            for last; do :; done
            [ "$last" = true ] || { echo session; exit 3; }
            [ -e "$LOG.again" ] || { touch "$LOG.again"; exit 255; }
            """
        try kitchen.work.write(keygen, to: "bin/ssh-keygen", mode: 0o755)
        try kitchen.work.write(ssh, to: "bin/ssh", mode: 0o755)
        let result = try await kitchen.ovenbird(
            ["boot", "machine", "--ssh", "admin"],
            environment: [
                "PATH": "\(kitchen.work.file("bin")):/usr/bin:/bin", "LOG": kitchen.work.file("calls").string,
            ],
            through: ["/usr/bin/env"]
        )
        #expect(result.status == 0, "\(result.error)")
        #expect(result.text == "session\n")
        #expect(result.error == "booting 'machine 1'\n")
        let calls = String(decoding: try Files.read(kitchen.work.file("calls")), as: UTF8.self).split(separator: "\n")
        #expect(calls.count == 3)
        #expect(calls[1].hasSuffix(" admin@127.0.0.1 true") && calls[2].hasSuffix(" admin@127.0.0.1"))
        #expect(calls[2].contains("/key -p ") && calls[2].contains("StrictHostKeyChecking=no"))
        #expect(try machines(of: kitchen).isEmpty)
        #expect(try Files.names(in: kitchen.store.appending("ovenbird/tmp")).isEmpty)
    }

    /// With a program that stands in for QEMU, since no machine here writes so much in so short a time.
    @Test func `ends where a machine writes without an end`() async throws {
        let kitchen = try await kitchen()
        let machine = """
            #!/bin/sh
            for word; do
                case $word in file:*) truncate --size=200M "${word#file:}" ;; esac
            done
            exec sleep 600
            """
        try kitchen.work.write(machine, to: "bin/qemu-system-x86_64", mode: 0o755)
        try kitchen.work.write(
            "#!/bin/sh\nfor last; do :; done\ntouch $last $last.pub\n",
            to: "bin/ssh-keygen",
            mode: 0o755
        )
        try kitchen.work.write("#!/bin/sh\nexit 255\n", to: "bin/ssh", mode: 0o755)
        let result = try await kitchen.ovenbird(
            ["boot", "machine", "--ssh", "admin"],
            environment: ["PATH": "\(kitchen.work.file("bin")):/usr/bin:/bin"],
            through: ["/usr/bin/env"]
        )
        #expect(result.status == 1)
        #expect(
            result.error.contains(
                "[machine-flood]\n  why: it has written 400 MiB to its serial ports, and would have gone on\n"
            ),
            "\(result.error)"
        )
        #expect(try machines(of: kitchen).isEmpty)
    }

    @Test func `gives up after its time, and leaves nothing`() async throws {
        let kitchen = try await kitchen()
        // A file that is no kernel: GRUB says so and waits.
        let result = try await kitchen.ovenbird(["boot", "machine", "--timeout", "1", "--log", "console"])
        #expect(result.status == 8)
        #expect(
            result.error == """
                booting 'machine 1'
                error: the machine did not switch itself off within 1 s [boot-timeout]

                """
        )
        #expect(
            try Files.names(in: kitchen.store.appending("ovenbird/tmp")).map(\.string).filter { $0.hasPrefix("disk") }
                .isEmpty
        )
    }

    @Test(arguments: [SIGTERM, SIGKILL]) func `takes its machine along, however it ends`(signal: Int32) async throws {
        let kitchen = try await kitchen()
        // As soon as the machine says a word.
        let end = """
            mkfifo console
            exec 5<>console
            "$@" --log "$PWD/console" & boot=$!
            head -c 1 <&5 >word
            machine=$(pgrep --full "^/[^ ]*/qemu-system.*$PWD/console")
            kill -\(signal) $boot
            wait $boot; status=$?
            timeout 60 tail --pid="$machine" --follow /dev/null || exit 1
            exit $status
            """
        let result = try await kitchen.ovenbird(
            ["boot", "machine"],
            environment: ["PATH": "/usr/bin:/bin"],
            through: ["/bin/sh", "-c", end, "sh"]
        )
        #expect(result.status == 128 + signal)
        #expect(try Files.read(kitchen.work.file("word")).count == 1)
        #expect(try machines(of: kitchen).isEmpty)
    }

    /// The processes that have the kitchen's folder in their arguments.
    private func machines(of kitchen: Kitchen) throws -> [String] {
        try Files.names(in: "/proc").map(\.string).filter { $0.allSatisfy(\.isNumber) }.filter { process in
            let line = (try? Files.read(FilePath("/proc/\(process)/cmdline"))) ?? []
            return String(decoding: line, as: UTF8.self).contains(kitchen.store.string)
        }
    }

    @Test func `is refused with firmware for which the disk has nothing`() async throws {
        let kitchen = try await kitchen(disk: "{ size: 256MiB, boot: bios }")
        #expect(
            try await refusal(kitchen, "--firmware", "uefi") == """
                error: 'machine' cannot be booted here [no-disk]
                  why: its disk has nothing that 'uefi' starts
                  fix: set 'boot' under 'disk', or take another '--firmware'

                """
        )
    }

    @Test func `says what QEMU says where it fails`() async throws {
        let kitchen = try await kitchen()
        let error = try await refusal(kitchen, "--log", "none/console", status: 1)
        #expect(error.contains("'machine' cannot be booted here [tool-missing]"))
        #expect(error.contains("why: 'qemu-system-x86_64' failed: ") && error.contains("none/console"))
    }

    @Test func `has nothing to say to a machine without a document`() async throws {
        let kitchen = try await kitchen()
        try kitchen.work.write("{}", to: "document")
        for name in ["Bakefile", "document"] {
            let result = try await kitchen.ovenbird(["answer-metadata", name])
            #expect(result.status == 2 && result.error.contains("'\(name)' holds no metadata"))
        }
    }
}
