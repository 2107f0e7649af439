import Layers
import SystemPackage
import Testing

@testable import MachineImages

/// That they are in a disk's partition is seen by the tests of `export`, and that they start a machine by `scripts/check-machine`.
@Suite("What systemd-boot finds") struct LoaderEntriesTests {
    private func kernel(_ version: String, initrd: Bool = false) -> BootFiles.Kernel {
        .init(version: version, path: "boot/vmlinuz", initrd: initrd ? "boot/initrd.img" : nil)
    }

    @Test func `starts the newest kernel at once, and lets nobody change what it is told`() {
        #expect(
            LoaderEntries.settings(starting: kernel("6.1.0-10-amd64")) == """
                # Written by ovenbird for the disk of this image.
                default 6.1.0-10-amd64-linux.conf
                timeout 0
                editor no

                """
        )
    }

    @Test func `is an entry for each kernel, with an initial file system if it has one`() {
        #expect(
            LoaderEntries.entry(of: kernel("6.1.0-10-amd64", initrd: true), commandLine: "root=/dev/vda1 ro a=$b;c")
                == """
                title Linux
                version 6.1.0-10-amd64
                linux /linux/6.1.0-10-amd64/vmlinuz
                initrd /linux/6.1.0-10-amd64/initrd.img
                options root=/dev/vda1 ro a=$b;c

                """
        )
        #expect(
            LoaderEntries.entry(of: kernel("6.12"), commandLine: "ro") == """
                title Linux
                version 6.12
                linux /linux/6.12/vmlinuz
                options ro

                """
        )
    }

    @Test func `has files for kernels whose versions can name them`() throws {
        try LoaderEntries.check(
            ["6.1.0-10-amd64", "6.12.9+deb13-cloud-amd64", "6.13~rc7+3", "6.1.0-10-AMD65", "custom_1"].map {
                kernel($0)
            }
        )
        for versions in [
            [""], ["6.1 own"], ["6.1\noptions init=/x"], ["6.1/2"], ["6.1."], ["größer"], ["6.1-A", "6.1-a"],
        ] {
            #expect(throws: MachineDiskError.kernelVersion("/boot/vmlinuz"), "\(versions)") {
                try LoaderEntries.check(versions.map { kernel($0) })
            }
        }
    }

    @Test func `lies in folders that are made in order, each once`() {
        let files = ["loader/loader.conf", "loader/entries/a.conf", "linux/a/vmlinuz", "linux/a/initrd.img", "top"]
        let partition = FirmwarePartition(
            starting: "/loader.efi",
            on: "amd64",
            with: files.map { .init(path: $0, content: "/file") }
        )
        #expect(partition.files.first == .init(path: "EFI/BOOT/BOOTX64.EFI", content: "/loader.efi"))
        #expect(partition.folders == ["EFI", "EFI/BOOT", "loader", "loader/entries", "linux", "linux/a"])
        let arm = FirmwarePartition(starting: "/loader.efi", on: "arm64")
        #expect(arm.files.map(\.path) == ["EFI/BOOT/BOOTAA64.EFI"])
    }

    /// Debian has systemd's programs in packages of one architecture, and GRUB's in packages for all.
    @Test(arguments: [
        ("amd64", "hybrid", ["grub-pc-bin", "grub-efi-amd64-bin"]), ("amd64", "bios", ["grub-pc-bin"]),
        ("arm64", "hybrid", ["grub-efi-arm64-bin"]), ("amd64", "uefi", ["systemd-boot-efi"]),
        ("arm64", "uefi", ["systemd-boot-efi:arm64"]), ("amd64", "uki", ["systemd-boot-efi"]),
    ]) func `comes from packages of the host`(architecture: String, boot: String, packages: [String]) throws {
        let boot = try #require(DiskSettings.Boot(rawValue: boot))
        let files = BootLoader.files(architecture, boot, host: "amd64")
        #expect(files.map(\.package) == packages)
    }

    @Test func `is systemd-boot for the machine's architecture`() {
        func names(_ architecture: String, on host: String) -> [String] {
            BootLoader.files(architecture, .uefi, host: host).map {
                "\($0.file.lastComponent?.string ?? "") \($0.package)"
            }
        }
        #expect(names("amd64", on: "amd64") == ["systemd-bootx64.efi systemd-boot-efi"])
        #expect(names("arm64", on: "arm64") == ["systemd-bootaa64.efi systemd-boot-efi"])
        #expect(names("amd64", on: "arm64") == ["systemd-bootx64.efi systemd-boot-efi:amd64"])
    }
}
