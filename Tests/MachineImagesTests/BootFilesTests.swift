import Disks
import Layers
import Testing

@testable import MachineImages

@Suite("What starts a machine") struct BootFilesTests {
    private func tree(_ names: [EntryPath]) throws -> MergedTree {
        let items = names.map { LayerListing.Item(entry: .regular($0, size: 0), dataOffset: 0) }
        return try MergedTree(layers: [LayerListing(items: .init(items))])
    }

    @Test func `is the newest kernel, by its numbers, with the initial file system of its own`() throws {
        let found = try BootFiles(
            in: tree([
                "boot/initrd.img-6.1.0-9-amd64", "boot/vmlinuz-6.1.0-10-amd64", "boot/vmlinuz-6.1.0-9-amd64",
                "boot/vmlinuz-5.10.0-30-amd64", "boot/config-6.1.0-10-amd64",
            ])
        )
        #expect(found?.newest.path == "boot/vmlinuz-6.1.0-10-amd64")
        #expect(found?.newest.initrd == nil)
        #expect(found?.kernels.map(\.version) == ["6.1.0-10-amd64", "6.1.0-9-amd64", "5.10.0-30-amd64"])
        #expect(found?.kernels.map(\.initrd) == [nil, "boot/initrd.img-6.1.0-9-amd64", nil])
        #expect(try BootFiles(in: tree(["boot/vmlinuz", "etc/vmlinuz-1"])) == nil)
    }

    @Test func `is configured once for both kinds of firmware`() throws {
        let files = try #require(BootFiles(in: tree(["boot/initrd.img-6.1", "boot/vmlinuz-6.1"])))
        let root = GUID(Array(0xf0...0xff))
        #expect(
            files.configuration(root: root, arguments: ["nvme_core.io_timeout=4294967295", "quiet"]) == """
                # Written by ovenbird for the disk of this image; 'update-grub' writes it anew on the machine.
                serial --unit=0 --speed=115200
                terminal_input serial console
                terminal_output serial console
                set timeout=0
                menuentry 'Linux' {
                  linux /boot/vmlinuz-6.1 root=PARTUUID=f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff ro console=tty0 \
                console=ttyS0,115200n8 'nvme_core.io_timeout=4294967295' 'quiet'
                  initrd /boot/initrd.img-6.1
                }

                """
        )
        #expect(
            BootFiles.mounts(root: root, own: Array("# a comment of four\n\nUUID=1 / xfs ro 0 1\n".utf8)) == """
                # Written by ovenbird for the disk of this image.
                PARTUUID=f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff / ext4 defaults,x-systemd.growfs 0 1

                """
        )
    }

    @Test func `mounts what the image mounts elsewhere, and nothing of the disk that it once lay on`() {
        let own = """
            /dev/sda1\t/\text4
            LABEL=BOOT /boot ext4 defaults 0 2
            LABEL=UEFI /boot/efi/ vfat umask=0077 0 1
            UUID=1 none swap sw 0 0
            tmpfs /tmp tmpfs size=1g 0 0

            /swapfile none swap sw 0 0
              LABEL=data\t/data  xfs nofail 0 2
            /boot /srv/boot none bind
            """
        let mounts = BootFiles.mounts(root: GUID(Array(0...15)), own: Array(own.utf8))
        #expect(
            mounts.split(separator: "\n").dropFirst(2) == [
                "tmpfs /tmp tmpfs size=1g 0 0", "/swapfile none swap sw 0 0", "  LABEL=data\t/data  xfs nofail 0 2",
                "/boot /srv/boot none bind",
            ]
        )
    }

    @Test func `grows the root's partition where the image can and has no plan of its own`() throws {
        #expect(try BootFiles.wantsGrowth(tree(["usr/bin/systemd-repart"])))
        #expect(try BootFiles.wantsGrowth(tree(["bin/systemd-repart"])))
        #expect(try !BootFiles.wantsGrowth(tree(["usr/bin/growpart"])))
        #expect(try !BootFiles.wantsGrowth(tree(["usr/bin/systemd-repart", "usr/lib/repart.d/10-own.conf"])))
    }

    @Test func `the disk of an image has the same names in all versions, and others than another image`() {
        let one = DiskIdentity(project: "storefront", image: "base")
        #expect(one == DiskIdentity(project: "storefront", image: "base"))
        let all = [
            one, DiskIdentity(project: "storefront", image: "other"), DiskIdentity(project: "shop", image: "base"),
        ]
        .flatMap { [$0.disk, $0.root, $0.boot, $0.firmware, $0.fileSystem, $0.hashSeed] }
        #expect(Set(all).count == 18)
        // A GUID made in a way of one's own, and of the common variant.
        #expect(all.allSatisfy { $0.ordered[6] >> 4 == 8 && $0.ordered[8] >> 6 == 2 })
    }
}
