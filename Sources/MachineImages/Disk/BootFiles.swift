import Disks
import Layers

/// What starts the system, as far as it lies in the root file system: the kernels of the image, and the files that say how.
struct BootFiles {
    struct Kernel: Hashable {
        /// What its file has behind `vmlinuz-`.
        let version: String
        /// From the root on.
        let path: EntryPath
        /// The initial file system that belongs to it.
        let initrd: EntryPath?
    }

    /// The newest first.
    let kernels: [Kernel]
    /// The newest one, which is started.
    var newest: Kernel { kernels[0] }

    /// Finds the kernels, each with its initial file system; nil where there is none.
    init?(in tree: MergedTree) {
        let files = tree.children(of: "boot").filter { $0.kind == .regular }
        func version(_ entry: TarEntry, _ prefix: String) -> String? {
            let name = String(decoding: entry.path.name, as: UTF8.self)
            return name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
        }
        let found = files.compactMap { entry -> Kernel? in
            guard let name = version(entry, "vmlinuz-") else { return nil }
            let initrd = files.first { version($0, "initrd.img-") == name }
            return Kernel(version: name, path: entry.path, initrd: initrd?.path)
        }
        if found.isEmpty { return nil }
        kernels = found.sorted { Self.precedes($1.version, $0.version) }
    }

    /// By the numbers in them, else by the text: `6.1.0-9` comes before `6.1.0-10`.
    static func precedes(_ left: String, _ right: String) -> Bool {
        func parts(_ text: String) -> [(text: String, number: Int?)] {
            var parts: [String] = []
            for character in text {
                if let last = parts.last?.last, last.isNumber == character.isNumber {
                    parts[parts.count - 1].append(character)
                } else {
                    parts.append(String(character))
                }
            }
            return parts.map { ($0, Int($0)) }
        }
        for (one, other) in zip(parts(left), parts(right)) where one.text != other.text {
            if let first = one.number, let second = other.number, first != second { return first < second }
            return one.text < other.text
        }
        return left.count < right.count
    }

    /// What each kernel is told; the serial console is what EC2 shows as the console output.
    static func arguments(root: GUID) -> [String] {
        ["root=PARTUUID=\(root)", "ro", "console=tty0", "console=ttyS0,115200n8"]
    }

    /// The one configuration of GRUB, for both kinds of firmware.
    ///
    /// GRUB's language quotes as a shell does.
    func configuration(root: GUID, arguments: [String]) -> String {
        let words = Self.arguments(root: root) + arguments.map { ShellScript.quoted($0) }
        var lines = [
            "# Written by ovenbird for the disk of this image; 'update-grub' writes it anew on the machine.",
            "serial --unit=0 --speed=115200", "terminal_input serial console", "terminal_output serial console",
            "set timeout=0", "menuentry 'Linux' {", "  linux /\(newest.path) \(words.joined(separator: " "))",
        ]
        if let initrd = newest.initrd { lines.append("  initrd /\(initrd)") }
        return (lines + ["}", ""]).joined(separator: "\n")
    }

    /// What is mounted where: the root, which grows with its partition, and what the image's own file mounts elsewhere.
    ///
    /// What that says of the disk it once lay on is left out, since a machine would wait for it and not start: its partitions
    /// for booting, and those for swapping.
    static func mounts(root: GUID, own: [UInt8]) -> String {
        let others = String(decoding: own, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init).filter {
            let fields = $0.split(whereSeparator: \.isWhitespace)
            guard fields.count > 2, !fields[0].hasPrefix("#") else { return false }
            let isOfDisk = fields[0].contains("=") || fields[0].hasPrefix("/dev/")
            if fields[2] == "swap" { return !isOfDisk }
            let place = fields[1].split(separator: "/").joined(separator: "/")
            return !["", "boot", "boot/efi", "efi"].contains(place)
        }
        let lines = ["# Written by ovenbird for the disk of this image."]
        return (lines + ["PARTUUID=\(root) / ext4 defaults,x-systemd.growfs 0 1"] + others + [""]).joined(
            separator: "\n"
        )
    }

    /// Lets the root's partition take the rest of a larger volume when the machine starts, before its file system grows.
    ///
    /// Source: repart.d(5).
    static let growth = (
        path: "etc/repart.d/50-root.conf" as EntryPath,
        text: "# Written by ovenbird for the disk of this image.\n[Partition]\nType=root\n"
    )

    /// Whether an image has what reads that, and says nothing of its own there.
    static func wantsGrowth(_ tree: MergedTree) -> Bool {
        let programs: [EntryPath] = ["usr/bin/systemd-repart", "bin/systemd-repart"]
        let folders: [EntryPath] = ["etc/repart.d", "usr/lib/repart.d", "usr/local/lib/repart.d"]
        return programs.contains(where: tree.contains) && folders.allSatisfy { tree.children(of: $0).isEmpty }
    }
}
