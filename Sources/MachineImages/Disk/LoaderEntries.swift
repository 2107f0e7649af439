import Baking
import Glibc
import SystemIO
import SystemPackage

/// What systemd-boot finds in the partition that firmware reads: its settings, and for each kernel of the image an entry,
/// the kernel and its initial file system, since it reads no other file system.
///
/// Source: UAPI specifications, "Boot Loader Specification", type 1 entries; loader.conf(5).
struct LoaderEntries {
    let files: [FirmwarePartition.File]

    /// Leaves the files in a folder.
    ///
    /// Throws `MachineDiskError.kernelVersion`.
    init(_ boot: BootFiles, of root: ImageRoot, commandLine: String, in work: FilePath) throws {
        var files: [FirmwarePartition.File] = []
        func add(_ path: String, _ fill: (Descriptor) throws -> Void) throws {
            let place = work.appending("loader-\(files.count)")
            let file = try Descriptor.open(place, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            try fill(file)
            files.append(FirmwarePartition.File(path: path, content: place))
        }
        func copy(_ path: String, to name: String) throws {
            try add(name) { file in _ = try root.forEachPiece(of: path, limit: 1 << 30) { try file.write($0) } }
        }
        try Self.check(boot.kernels)
        try add("loader/loader.conf") { try $0.write(Array(Self.settings(starting: boot.newest).utf8)) }
        for kernel in boot.kernels {
            let entry = Self.entry(of: kernel, commandLine: commandLine)
            try add("loader/entries/\(Self.name(of: kernel))") { try $0.write(Array(entry.utf8)) }
            try copy("/\(kernel.path)", to: Self.place(of: kernel))
            if let initrd = kernel.initrd { try copy("/\(initrd)", to: Self.initrd(of: kernel)) }
        }
        self.files = files
    }

    /// The loader itself, as the host's Debian package has it.
    static func program(_ architecture: String) -> FilePath {
        FilePath("/usr/lib/systemd/boot/efi/systemd-boot\(architecture == "arm64" ? "aa64" : "x64").efi")
    }

    /// It starts the newest kernel at once; whoever holds a key down gets the menu, and cannot change what a kernel is told.
    static func settings(starting kernel: BootFiles.Kernel) -> String {
        "# Written by ovenbird for the disk of this image.\ndefault \(name(of: kernel))\ntimeout 0\neditor no\n"
    }

    static func entry(of kernel: BootFiles.Kernel, commandLine: String) -> String {
        var lines = ["title Linux", "version \(kernel.version)", "linux /\(place(of: kernel))"]
        if kernel.initrd != nil { lines.append("initrd /\(initrd(of: kernel))") }
        return (lines + ["options \(commandLine)", ""]).joined(separator: "\n")
    }

    /// A plus and a number right before `.conf` would say how often the entry may still fail.
    private static func name(of kernel: BootFiles.Kernel) -> String { "\(kernel.version)-linux.conf" }
    private static func place(of kernel: BootFiles.Kernel) -> String { "linux/\(kernel.version)/vmlinuz" }
    private static func initrd(of kernel: BootFiles.Kernel) -> String { "linux/\(kernel.version)/initrd.img" }

    /// FAT has no names that end in a dot, nor two that differ in capitals only; and an entry has its version on a line.
    static func check(_ kernels: [BootFiles.Kernel]) throws(MachineDiskError) {
        var names: Set<String> = []
        for kernel in kernels {
            let isPlain = kernel.version.allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber) || "._+-~".contains($0)
            }
            guard isPlain, !kernel.version.isEmpty, !kernel.version.hasSuffix("."),
                names.insert(kernel.version.lowercased()).inserted
            else { throw .kernelVersion("/\(kernel.path)") }
        }
    }
}
