import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Machine images as disks; that they boot is seen by `scripts/check-machine`.
@Suite("The disk of a machine image")
struct DiskExportTests {
    /// A machine image with a file in the place of a kernel.
    private func kitchen(disk: String = "{ size: 256MiB }", kernel: String = "vmlinuz-6.1.0-1-amd64") async throws
        -> Kitchen
    {
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
                  - file: { path: /boot/\(kernel), content: "no kernel" }
                  - file: { path: /etc/hostname, content: "machine\\n" }
                disk: \(disk)
            """
        )
        try await kitchen.run("bake", "--first")
        return kitchen
    }

    private func refusal(_ kitchen: Kitchen, _ arguments: String...) async throws -> String {
        let result = try await kitchen.ovenbird(["export"] + arguments + ["--format", "raw"])
        #expect(result.status == 2)
        return result.error
    }

    /// Says of an entry in the root file system what it holds.
    private func content(_ path: String, of disk: FilePath) async throws -> String {
        let place = "\(disk)?offset=\(66 << 20)"
        try await requireTool("e2fsck", ["-f", "-n", place])
        return try await requireTool("debugfs", ["-R", "cat \(path)", place])
    }

    @Test func `has what both kinds of firmware start, and the tree of the image`() async throws {
        let kitchen = try await kitchen()
        #expect(try await kitchen.run("export", "machine", "--format", "raw") == "machine-1.raw\n")
        let disk = kitchen.work.file("machine-1.raw")
        let status = try #require(try FileStatus.ofExisting(disk))
        #expect(status.size == 256 << 20)
        let table = try await requireTool("sgdisk", ["--verify", "--print", disk.string])
        #expect(table.contains("No problems found"))
        #expect(table.contains("8304  root") && table.contains("EF02  bios") && table.contains("EF00  esp"))
        let listing = try await requireTool(
            "mdir",
            ["-i", "\(disk)@@\(2 << 20)", "-b", "::/EFI/BOOT"],
            environment: ["MTOOLS_SKIP_CHECK": "1"]
        )
        #expect(listing.contains("BOOTX64.EFI"))
        #expect(try await content("/etc/hostname", of: disk) == "machine\n")
        let configuration = try await content("/boot/grub/grub.cfg", of: disk)
        #expect(configuration.contains("linux /boot/vmlinuz-6.1.0-1-amd64 root=PARTUUID="))
        #expect(try await content("/etc/fstab", of: disk).contains(" / ext4 defaults,x-systemd.growfs 0 1"))
        // The GRUB of this machine reads it, too.
        let grub = try await requireTool("grub-fstest", [disk.string, "cat", "(loop0,gpt1)/etc/hostname"])
        #expect(grub == "machine\n")
    }

    @Test func `is the same from another store, and replaced only when that is asked for`() async throws {
        let (one, other) = try await (kitchen(), kitchen())
        try await one.run("export", "machine", "--format", "raw", "--to", "disk.raw")
        try await other.run("export", "machine", "--format", "raw", "--to", "disk.raw")
        try await requireTool("cmp", [one.work.file("disk.raw").string, other.work.file("disk.raw").string])
        #expect(
            try await refusal(one, "machine", "--to", "disk.raw").hasPrefix(
                "error: 'disk.raw' exists already [output-exists]"
            )
        )
        try await one.run("export", "machine", "--format", "raw", "--to", "disk.raw", "--force")
        try one.work.write("mine", to: "mine.raw")
        #expect(
            try await refusal(one, "machine", "--to", "mine.raw", "--force").contains("it is not something exported")
        )
        #expect(try Files.read(one.work.file("mine.raw")) == Array("mine".utf8))
    }

    @Test func `has no partition for firmware that it is not for`() async throws {
        let kitchen = try await kitchen(disk: "{ size: 256MiB, boot: bios, label: data, kernel-arguments: [quiet] }")
        try await kitchen.run("export", "machine", "--format", "raw", "--to", "disk.raw")
        let disk = kitchen.work.file("disk.raw")
        let table = try await requireTool("sgdisk", ["--print", disk.string])
        #expect(table.contains("EF02  bios") && !table.contains("EF00  esp"))
        let header = try await requireTool("dumpe2fs", ["-h", "\(disk)?offset=\(66 << 20)"])
        #expect(header.contains("Filesystem volume name:   data"))
        #expect(try await content("/boot/grub/grub.cfg", of: disk).contains("console=ttyS0,115200n8 quiet\n"))
    }

    @Test func `has whole GiB by default, and boots by UEFI alone where that is asked for`() async throws {
        let kitchen = try await kitchen(disk: "{ boot: uefi }")
        try await kitchen.run("export", "machine", "--format", "raw", "--to", "disk.raw")
        let disk = kitchen.work.file("disk.raw")
        #expect(try FileStatus.ofExisting(disk)?.size == 1 << 30)
        let table = try await requireTool("sgdisk", ["--print", disk.string])
        #expect(!table.contains("EF02  bios") && table.contains("EF00  esp"))
    }

    @Test func `is refused with what is missing`() async throws {
        let noKernel = try await kitchen(kernel: "vmlinuz")
        #expect(
            try await refusal(noKernel, "machine") == """
                error: 'machine' cannot become a disk [no-disk]
                  why: it has no kernel: there is no '/boot/vmlinuz-...'
                  fix: add the package 'linux-image-cloud-amd64', or another kernel, to its 'packages'

                """
        )
        let small = try await kitchen(disk: "{ size: 64MiB }")
        #expect(
            try await refusal(small, "machine") == """
                error: 'machine' cannot become a disk [no-disk]
                  why: a disk of 67108864 bytes has no room for the image, which needs 87031808 bytes at least
                  fix: give it a larger 'size' under 'disk'

                """
        )
        #expect(try Files.names(in: small.work.path).map(\.string).filter { $0.contains("raw") }.isEmpty)
        let container = try await Kitchen()
        try await container.run("bake", "--first")
        #expect(
            try await refusal(container, "site") == """
                error: 'site' is a container image, which has no disk [no-disk]
                  fix: take another '--format'

                """
        )
    }

    @Test func `is refused with the packages of a program that is missing`() async throws {
        let kitchen = try await kitchen()
        let result = try await kitchen.ovenbird(
            ["export", "machine", "--format", "raw"],
            environment: ["PATH": "/nonexistent"],
            through: ["/usr/bin/env"]
        )
        #expect(result.status == 1)
        // The administrator's programs are found without a search path.
        #expect(
            result.error == """
                error: 'machine' cannot become a disk [tool-missing]
                  why: this machine lacks grub-common, mtools, which make parts of it
                  fix: install grub-common mtools

                """
        )
        #expect(try Files.names(in: kitchen.work.path).map(\.string) == ["Bakefile", "out"])
    }
}
