import Glibc
import OCI
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
                  - kernel: { arguments: [net.ifnames=0] }
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

    @Test func `keeps what the image mounts beside its root, and grows where the image can`() async throws {
        let kitchen = try await kitchen()
        let bakefile = String(decoding: try Files.read(kitchen.work.file("Bakefile")), as: UTF8.self)
        let steps = """
                  - file: { path: /etc/fstab, content: "/dev/sda1 / xfs ro 0 0\\ntmpfs /tmp tmpfs size=1g 0 0\\n" }
                  - file: { path: /usr/bin/systemd-repart, content: "no program", mode: "0755" }
                disk:
            """
        try kitchen.work.write(bakefile.replacing("    disk:", with: steps), to: "Bakefile")
        try await kitchen.run("bake")
        try await kitchen.run("export", "machine", "--format", "raw", "--to", "disk.raw")
        let disk = kitchen.work.file("disk.raw")
        let mounts = try await content("/etc/fstab", of: disk).split(separator: "\n")
        #expect(mounts.count == 3 && mounts[1].hasSuffix(" / ext4 defaults,x-systemd.growfs 0 1"), "\(mounts)")
        #expect(mounts.last == "tmpfs /tmp tmpfs size=1g 0 0")
        #expect(try await content("/etc/repart.d/50-root.conf", of: disk).hasSuffix("[Partition]\nType=root\n"))
    }

    @Test func `is laid out anew where that is asked for`() async throws {
        let kitchen = try await kitchen()
        let bakefile = String(decoding: try Files.read(kitchen.work.file("Bakefile")), as: UTF8.self)
        try kitchen.work.write([UInt8](repeating: 7, count: 8 << 20), to: "large")
        let steps = """
                  - copy: { from: large, to: /large }
                  - delete: /large
                  - file: { path: /last, content: last }
                disk:
            """
        /// Where the file of the last layer is.
        func place(_ size: String) async throws -> Int {
            let text = bakefile.replacing("    disk:", with: steps).replacing("256MiB", with: size)
            try kitchen.work.write(text, to: "Bakefile")
            try await kitchen.run("bake")
            try await kitchen.run("export", "machine", "--format", "raw", "--to", "disk.raw", "--force")
            let disk = kitchen.work.file("disk.raw")
            #expect(try await content("/last", of: disk) == "last")
            let output = try await requireTool("debugfs", ["-R", "blocks /last", "\(disk)?offset=\(66 << 20)"])
            return try #require(Int(output.filter(\.isNumber)))
        }
        let (behind, relaid) = try await (place("256MiB"), place("256MiB, relayout: true"))
        #expect(relaid + 2000 < behind)
    }

    @Test func `has nothing that no two machines may share, unless that is asked for`() async throws {
        let steps = """
                  - file: { path: /etc/machine-id, content: "0123456789abcdef0123456789abcdef\\n", mode: "0444" }
                  - symlink: { path: /var/lib/dbus/machine-id, target: /etc/machine-id }
                  - file: { path: /etc/ssh/ssh_host_rsa_key, content: secret, mode: "0600" }
                  - file: { path: /etc/ssh/ssh_host_rsa_key.pub, content: public }
                  - file: { path: /etc/ssh/sshd_config, content: "UsePAM yes\\n" }
                  - file: { path: /var/lib/systemd/random-seed, content: seed }
                  - file: { path: /var/lib/cloud/instances/i-1/sem, content: x }
                  - file: { path: /var/lib/cloud/seed/nocloud/meta-data, content: kept }
                  - file: { path: /var/lib/dhcp/dhclient.leases, content: lease }
                  - file: { path: /var/log/syslog, content: line }
                  - file: { path: /var/log/nginx/error.log, content: line }
                  - symlink: { path: /var/log/nginx/access.log, target: /dev/stdout }
                  - file: { path: /var/log/wtmp, content: entry, mode: "0664" }
                disk:
            """
        let kitchen = try await kitchen()
        let bakefile = String(decoding: try Files.read(kitchen.work.file("Bakefile")), as: UTF8.self)
        try kitchen.work.write(bakefile.replacing("    disk:", with: steps), to: "Bakefile")
        try await kitchen.run("bake")
        try await kitchen.run("export", "machine", "--format", "raw", "--to", "clean.raw")
        func files(_ disk: String) async throws -> [String] {
            let place = "\(kitchen.work.file(disk))?offset=\(66 << 20)"
            try await requireTool("e2fsck", ["-f", "-n", place])
            var found: [String] = []
            for folder in [
                "/etc", "/etc/ssh", "/var/lib/systemd", "/var/lib/cloud", "/var/lib/dhcp", "/var/log", "/var/log/nginx",
                "/var/lib/dbus",
            ] {
                let lines = try await requireTool("debugfs", ["-R", "ls -p \(folder)", place])
                found += lines.split(separator: "\n").compactMap { line in
                    let parts = line.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
                    guard parts.count > 6, ![".", ".."].contains(parts[5]), parts[2].hasPrefix("1") else { return nil }
                    return "\(folder)/\(parts[5]) \(parts[2]) \(parts[6])"
                }
            }
            return found.sorted()
        }
        let clean = try await files("clean.raw")
        #expect(
            clean == [
                "/etc/fstab 100644 133", "/etc/hostname 100644 8", "/etc/machine-id 100444 0",
                "/etc/ssh/sshd_config 100644 11", "/var/lib/dbus/machine-id 120777 15",
                "/var/log/nginx/access.log 120777 11", "/var/log/wtmp 100664 0",
            ]
        )
        try kitchen.work.write(
            bakefile.replacing("    disk:", with: steps).replacing("256MiB", with: "256MiB, clean: false"),
            to: "Bakefile"
        )
        try await kitchen.run("bake")
        try await kitchen.run("export", "machine", "--format", "raw", "--to", "whole.raw")
        let whole = try await files("whole.raw")
        #expect(whole.count == 13)
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

    @Test func `is a QCOW2 or a VMDK that QEMU finds equal to the raw disk, and the same each time`() async throws {
        let (one, other) = try await (kitchen(), kitchen())
        try await one.run("export", "machine", "--format", "raw", "--to", "disk.raw")
        let raw = one.work.file("disk.raw").string
        for form in ["qcow2", "vmdk"] {
            #expect(try await one.run("export", "machine", "--format", form) == "machine-1.\(form)\n")
            let disk = one.work.file("machine-1.\(form)").string
            try await requireTool("qemu-img", ["check", "-f", form, disk])
            let same = try await requireTool("qemu-img", ["compare", "-f", "raw", "-F", form, raw, disk])
            #expect(same == "Images are identical.\n")
            try await other.run("export", "machine", "--format", form, "--to", "other.\(form)")
            try await requireTool("cmp", [disk, other.work.file("other.\(form)").string])
            try await one.run("export", "machine", "--format", form, "--force")
            let refused = try await one.ovenbird(["export", "machine", "--format", form, "--to", "disk.raw", "--force"])
            #expect(refused.status == 2 && refused.error.contains("it is not something exported"))
        }
        let kind = try await requireTool("qemu-img", ["info", one.work.file("machine-1.vmdk").string])
        #expect(kind.contains("create type: streamOptimized"))
    }

    @Test func `comes with a map of its blocks, which says what another version changes`() async throws {
        let kitchen = try await kitchen()
        try await kitchen.run("export", "machine", "--format", "raw", "--block-map", "map.json")
        let map = try JSONValue.parse(Files.read(kitchen.work.file("map.json")))
        #expect(map["size"] == .integer(256 << 20) && map["blockSize"] == .integer(512 << 10))
        let blocks = try #require(map["blocks"]?.arrayValue)
        let disk = try await digests(kitchen.work.file("machine-1.raw"))
        var isListed = [Bool](repeating: false, count: 512)
        for block in blocks {
            let index = Int(try #require(block["index"]?.integerValue))
            isListed[index] = true
            #expect(block["sha256"] == .string(disk[index].hex))
        }
        // What is not in the map is nothing.
        let zeros = Digester.digest(of: [UInt8](repeating: 0, count: 512 << 10))
        #expect((0..<512).filter { !isListed[$0] && disk[$0] != zeros } == [])
        #expect(isListed[0] && isListed[511] && blocks.count < 100)

        let bakefile = String(decoding: try Files.read(kitchen.work.file("Bakefile")), as: UTF8.self)
        try kitchen.work.write(bakefile.replacing("machine\\n", with: "machine 2\\n"), to: "Bakefile")
        try await kitchen.run("bake")
        let text = try await kitchen.run("diff", "machine:1", "machine:2", "--blocks")
        let compared = try await kitchen.run("diff", "machine:1", "machine:2", "--blocks", "--format", "json")
        let difference = try JSONValue.parse(Array(compared.utf8))
        let changed = try #require(difference["changed"]?.arrayValue).compactMap(\.integerValue)
        try await kitchen.run("export", "machine", "--format", "raw", "--to", "new.raw")
        let new = try await digests(kitchen.work.file("new.raw"))
        let differing = (0..<512).filter { disk[$0] != new[$0] }
        #expect(changed == differing.map(Int64.init) && !changed.isEmpty && changed.count <= 4)
        #expect(
            text.contains("\(changed.count) blocks of 512 KiB differ: \(changed.count) changed, 0 added, 0 removed\n")
        )
        #expect(text.contains("\n\(blocks.count) blocks in use on the old disk, \(blocks.count) on the new one\n"))
    }

    /// Of each block of 512 KiB; not on a thread that tests of servers wait for.
    private func digests(_ path: FilePath) async throws -> [Digest] {
        try await BlockingPool.shared.run {
            let disk = try Descriptor.openForReading(path)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 512 << 10, alignment: 16)
            defer { buffer.deallocate() }
            return try (0..<512).map { block in
                let count = try disk.read(into: buffer, at: Int64(block) << 19)
                var digester = Digester()
                digester.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                return digester.finish()
            }
        }
    }

    @Test func `a map is of a disk, and replaces a map only`() async throws {
        let kitchen = try await kitchen()
        #expect(
            try await refusal(kitchen, "machine", "--to", "x", "--block-map", "./x")
                == "error: './x' cannot be both the disk and its map [option-value]\n"
        )
        let taken = try await refusal(kitchen, "machine", "--to", "x", "--block-map", "Bakefile", "--force")
        #expect(taken.hasPrefix("error: 'Bakefile' exists already [output-exists]"))
        let nowhere = try await kitchen.ovenbird([
            "export", "machine", "--format", "raw", "--to", "x", "--block-map", "none/map",
        ])
        #expect(nowhere.status != 0 && nowhere.error.contains("none/"))
        #expect(!Files.exists(kitchen.work.file("x")))
        for _ in 0..<2 {
            try await kitchen.run("export", "machine", "--format", "raw", "--to", "x", "--block-map", "map", "--force")
        }
        let result = try await kitchen.ovenbird(["export", "machine", "--block-map", "map.json"])
        #expect(result.status == 2)
        #expect(result.error.contains("'--block-map' is for the formats raw, qcow2 and vmdk, which are disks"))
        let container = try await Kitchen()
        try await container.run("bake", "--first")
        let refused = try await container.ovenbird(["diff", "site", "site", "--blocks"])
        #expect(refused.status == 2)
        #expect(
            refused.error == """
                error: 'site' is a container image, which has no disk [no-disk]
                  fix: name a machine image

                """
        )
    }

    @Test func `has no partition for firmware that it is not for`() async throws {
        let kitchen = try await kitchen(
            disk: "{ size: 256MiB, boot: bios, label: data, kernel-arguments: [quiet, a=$b;c] }"
        )
        try await kitchen.run("export", "machine", "--format", "raw", "--to", "disk.raw")
        let disk = kitchen.work.file("disk.raw")
        let table = try await requireTool("sgdisk", ["--print", disk.string])
        #expect(table.contains("EF02  bios") && !table.contains("EF00  esp"))
        let header = try await requireTool("dumpe2fs", ["-h", "\(disk)?offset=\(66 << 20)"])
        #expect(header.contains("Filesystem volume name:   data"))
        let grub = try await content("/boot/grub/grub.cfg", of: disk)
        #expect(grub.contains("console=ttyS0,115200n8 'net.ifnames=0' 'quiet' 'a=$b;c'\n"))
        try kitchen.work.write(grub, to: "grub.cfg")
        try await requireTool("grub-script-check", [kitchen.work.file("grub.cfg").string])
    }

    /// What a file in the partition for UEFI holds.
    private func firmware(_ path: String, of disk: FilePath, in kitchen: Kitchen) async throws -> [UInt8] {
        let copy = kitchen.work.file("copy")
        try await requireTool(
            "mcopy",
            ["-n", "-i", "\(disk)@@\(2 << 20)", "::/\(path)", copy.string],
            environment: ["MTOOLS_SKIP_CHECK": "1"]
        )
        return try Files.read(copy)
    }

    @Test func `has whole GiB by default, and boots by UEFI alone with systemd-boot where that is asked for`()
        async throws
    {
        let kitchen = try await kitchen(disk: "{ boot: uefi, kernel-arguments: [quiet] }")
        let bakefile = String(decoding: try Files.read(kitchen.work.file("Bakefile")), as: UTF8.self)
        let steps = """
                  - file: { path: /boot/vmlinuz-6.1.0-10-amd64, content: "a newer kernel" }
                  - file: { path: /boot/initrd.img-6.1.0-10-amd64, content: "no file system" }
                disk:
            """
        try kitchen.work.write(bakefile.replacing("    disk:", with: steps), to: "Bakefile")
        try await kitchen.run("bake")
        for name in ["disk.raw", "again.raw"] {
            try await kitchen.run("export", "machine", "--format", "raw", "--to", name)
        }
        let disk = kitchen.work.file("disk.raw")
        try await requireTool("cmp", [disk.string, kitchen.work.file("again.raw").string])
        #expect(try FileStatus.ofExisting(disk)?.size == 1 << 30)
        let table = try await requireTool("sgdisk", ["--verify", "--print", disk.string])
        #expect(table.contains("No problems found"))
        #expect(!table.contains("EF02  bios") && table.contains("EF00  esp"))
        let root = "\(disk)?offset=\(258 << 20)"
        try await requireTool("e2fsck", ["-f", "-n", root])
        #expect(try await requireTool("debugfs", ["-R", "stat /boot/grub", root]) == "")
        try await requireTool(
            "dd",
            ["if=\(disk)", "of=\(kitchen.work.file("esp"))", "bs=1M", "skip=2", "count=256", "status=none"]
        )
        try await requireTool("fsck.vfat", ["-n", kitchen.work.file("esp").string])

        let listing = try await requireTool(
            "mdir",
            ["-i", "\(disk)@@\(2 << 20)", "-b", "-/", "::/"],
            environment: ["MTOOLS_SKIP_CHECK": "1"]
        )
        let files = listing.split(separator: "\n").filter { !$0.hasSuffix("/") }
        #expect(
            files.sorted() == [
                "::/EFI/BOOT/BOOTX64.EFI", "::/linux/6.1.0-1-amd64/vmlinuz", "::/linux/6.1.0-10-amd64/initrd.img",
                "::/linux/6.1.0-10-amd64/vmlinuz", "::/loader/entries/6.1.0-1-amd64-linux.conf",
                "::/loader/entries/6.1.0-10-amd64-linux.conf", "::/loader/loader.conf",
            ],
            "\(listing)"
        )
        func text(_ path: String) async throws -> String {
            String(decoding: try await firmware(path, of: disk, in: kitchen), as: UTF8.self)
        }
        let loader = try Files.read("/usr/lib/systemd/boot/efi/systemd-bootx64.efi")
        #expect(try await firmware("EFI/BOOT/BOOTX64.EFI", of: disk, in: kitchen) == loader)
        #expect(try await text("loader/loader.conf").contains("\ndefault 6.1.0-10-amd64-linux.conf\ntimeout 0\n"))
        #expect(try await text("linux/6.1.0-10-amd64/vmlinuz") == "a newer kernel")
        #expect(try await text("linux/6.1.0-10-amd64/initrd.img") == "no file system")
        #expect(try await text("linux/6.1.0-1-amd64/vmlinuz") == "no kernel")
        let entry = try await text("loader/entries/6.1.0-10-amd64-linux.conf")
        let number = try #require(entry.split(separator: "root=PARTUUID=").last?.prefix { $0 != " " })
        #expect(try await requireTool("sgdisk", ["--info=1", disk.string]).contains(number.uppercased()))
        #expect(entry.hasPrefix("title Linux\nversion 6.1.0-10-amd64\nlinux /linux/6.1.0-10-amd64/vmlinuz\n"))
        #expect(entry.hasSuffix(" ro console=tty0 console=ttyS0,115200n8 net.ifnames=0 quiet\n"), "\(entry)")
    }

    @Test func `is refused where a kernel's version names no file of the firmware`() async throws {
        let kitchen = try await kitchen(disk: "{ size: 512MiB, boot: uefi }", kernel: "vmlinuz-6.1 own")
        #expect(
            try await refusal(kitchen, "machine", "--to", "disk.raw") == """
                error: 'machine' cannot become a disk [no-disk]
                  why: the version of '/boot/vmlinuz-6.1 own' cannot name files of its own in a FAT file system
                  fix: name it by letters, digits and any of '._+-~', or set 'boot' under 'disk' to 'hybrid'

                """
        )
    }

    @Test func `has one program of kernel, initial file system and arguments where that is asked for`() async throws {
        let kitchen = try await kitchen(disk: "{ size: 512MiB, boot: uki, kernel-arguments: [quiet] }")
        let bakefile = String(decoding: try Files.read(kitchen.work.file("Bakefile")), as: UTF8.self)
        let steps = """
                  - file: { path: /boot/initrd.img-6.1.0-1-amd64, content: "no file system" }
                  - file: { path: /usr/lib/os-release, content: "ID=sample\\n" }
                  - symlink: { path: /etc/os-release, target: ../usr/lib/os-release }
                disk:
            """
        try kitchen.work.write(bakefile.replacing("    disk:", with: steps), to: "Bakefile")
        try await kitchen.run("bake")
        for name in ["disk.raw", "again.raw"] {
            try await kitchen.run("export", "machine", "--format", "raw", "--to", name)
        }
        let disk = kitchen.work.file("disk.raw")
        try await requireTool("cmp", [disk.string, kitchen.work.file("again.raw").string])
        let table = try await requireTool("sgdisk", ["--verify", "--print", disk.string])
        #expect(table.contains("No problems found"))
        #expect(!table.contains("EF02  bios") && table.contains("EF00  esp"))
        let root = "\(disk)?offset=\(258 << 20)"
        try await requireTool("e2fsck", ["-f", "-n", root])
        #expect(try await requireTool("debugfs", ["-R", "stat /boot/grub", root]) == "")

        try await requireTool(
            "mcopy",
            ["-i", "\(disk)@@\(2 << 20)", "::/EFI/BOOT/BOOTX64.EFI", kitchen.work.file("kernel.efi").string],
            environment: ["MTOOLS_SKIP_CHECK": "1"]
        )
        let parts = [
            ".osrel": "ID=sample\n", ".linux": "no kernel", ".initrd": "no file system",
            ".cmdline": " ro console=tty0 console=ttyS0,115200n8 net.ifnames=0 quiet",
        ]
        for (section, text) in parts {
            let part = kitchen.work.file("part\(section)")
            let copy = [
                "--dump-section", "\(section)=\(part)", kitchen.work.file("kernel.efi").string,
                kitchen.work.file("copy.efi").string,
            ]
            try await requireTool("objcopy", copy)
            let content = String(decoding: try Files.read(part), as: UTF8.self)
            if section == ".cmdline" {
                #expect(content.hasPrefix("root=PARTUUID=") && content.hasSuffix(text), "\(content)")
            } else {
                #expect(content == text)
            }
        }
    }

    @Test(arguments: ["uki", "uefi"]) func `is refused where its kernel has no room`(boot: String) async throws {
        let kitchen = try await kitchen(disk: "{ size: 1GiB, boot: \(boot) }")
        let bakefile = String(decoding: try Files.read(kitchen.work.file("Bakefile")), as: UTF8.self)
        let file = try Descriptor.open(kitchen.work.file("initrd"), flags: O_WRONLY | O_CREAT, mode: 0o644)
        try file.setLength(225 << 20)
        let step = "      - copy: { from: initrd, to: /boot/initrd.img-6.1.0-1-amd64 }\n    disk:"
        try kitchen.work.write(bakefile.replacing("    disk:", with: step), to: "Bakefile")
        try await kitchen.run("bake")
        let error = try await refusal(kitchen, "machine", "--to", "disk.raw")
        #expect(error.contains("its kernels and their initial file systems have 23"), "\(error)")
        #expect(error.contains(" bytes, and there is room for 234881024"))
        #expect(
            error.contains(
                "fix: keep one kernel, let its initial file system have fewer modules, or set 'boot' under 'disk' to 'hybrid'"
            )
        )
        #expect(!Files.exists(kitchen.work.file("disk.raw")))
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
                  fix: name a machine image

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
