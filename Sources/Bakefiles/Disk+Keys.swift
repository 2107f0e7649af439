import OCI
import YAML

/// `disk:` of a machine image, before it becomes the canonical JSON of `Image.machine`.
struct DiskSettings: Sendable {
    enum Boot: String, CaseIterable, Sendable {
        case hybrid
        case bios
        case uefi
        case uki
    }

    enum Filesystem: String, CaseIterable, Sendable {
        case ext4
    }

    /// Bytes; nil leaves it to what the tree needs.
    var size: Int64?
    var filesystem = Filesystem.ext4
    var boot = Boot.hybrid
    var label = "root"
    var kernelArguments: [String] = []
    var isCleaned = true
    var isRelaid = false

    static let shape = Keys<DiskSettings>(
        "'disk'",
        [
            .optional(
                "size",
                .size,
                \.size,
                "the disk's size, as in '4GiB'; by default what it needs and half as much again"
            ),
            .defaulted("filesystem", .choice, \.filesystem, "the root file system; 'ext4'"),
            .defaulted(
                "boot",
                .choice,
                \.boot,
                "how it boots: 'hybrid', the default, and 'bios' by GRUB, 'uefi' by systemd-boot, 'uki' by the kernel itself"
            ),
            .defaulted("label", .text(.diskLabel), \.label, "the root file system's label; 'root' by default"),
            .defaulted(
                "kernel-arguments",
                Shape<String>.text(.word).list(),
                \.kernelArguments,
                "further arguments of the kernel, a list"
            ),
            .defaulted(
                "clean",
                .flag,
                \.isCleaned,
                "whether what no two machines may share is left out: machine-id, host keys, seeds, logs; true by default"
            ),
            .defaulted(
                "relayout",
                .flag,
                \.isRelaid,
                "whether the disk is laid out anew, without the holes of what later layers replace; false by default"
            ),
        ],
        synonyms: ["fs": "filesystem", "cmdline": "kernel-arguments", "kernel": "kernel-arguments"]
    )
    .shape(DiskSettings())

    /// Every setting, defaults included, so that a changed default is a changed image.
    var json: JSONValue {
        .object([
            "boot": .string(boot.rawValue),
            "clean": .bool(isCleaned),
            "filesystem": .string(filesystem.rawValue),
            "kernelArguments": .strings(kernelArguments),
            "label": .string(label),
            "relayout": .bool(isRelaid),
            "size": size.map(JSONValue.integer),
        ])
    }
}
