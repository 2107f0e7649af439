import Disks
import OCI
import SystemIO
import SystemPackage

/// GRUB, put into its places by us: nothing of the host is asked what it would start.
///
/// Source: GNU GRUB manual 2.06, "BIOS installation" and "GRUB image files".
struct BootLoader {
    /// For which processor.
    let architecture: String
    /// The file system that has `/boot/grub/grub.cfg`.
    let fileSystem: GUID
    let time: Int64
    let search: String?
    /// Where images of GRUB are kept, since to compress one takes longer than to copy many files.
    let cache: FilePath
    /// Whether new ones are kept.
    let keeps: Bool

    /// What GRUB finds its configuration, and what that needs, with.
    private static let modules = [
        "part_gpt", "ext2", "fat", "normal", "linux", "search", "search_fs_uuid", "configfile", "serial", "terminal",
        "echo",
        "test", "all_video",
    ]

    /// What a BIOS starts: code in the first sector, and an image in a partition of its own.
    struct BIOS {
        let firstSector: [UInt8]
        let image: [UInt8]
    }

    /// Makes what a BIOS starts, for a partition that begins at a sector and has so many.
    func bios(from sector: Int64, sectors: Int64, in work: FilePath) async throws -> BIOS {
        let folder = Self.modules("i386-pc")
        let path = try await image("i386-pc", folder, Self.modules + ["biosdisk"], in: work)
        var code = Array(try Descriptor.openForReading(folder.appending("boot.img")).readAll(limit: 4096).prefix(440))
        var image = try Descriptor.openForReading(path).readAll(limit: Int(sectors * PartitionTable.sectorSize))
        image += [UInt8](repeating: 0, count: -image.count & 511)
        guard code.count == 440, image.count >= 1024 else {
            throw MachineDiskError.program(name: DiskProgram.grub.name, words: "the image has \(image.count) bytes")
        }
        // Where the image begins; then its first sector says where the rest of it is, and how long, and where it goes in memory.
        put(UInt64(sector), in: &code, at: 0x5c)
        // The drive is the one that the firmware names.
        (code[0x66], code[0x67]) = (0x90, 0x90)
        put(UInt64(sector + 1), in: &image, at: 0x1f4)
        put(UInt16(image.count / 512 - 1), in: &image, at: 0x1fc)
        put(UInt16(0x820), in: &image, at: 0x1fe)
        return BIOS(firstSector: code, image: image)
    }

    /// Makes the program that UEFI firmware starts.
    func uefi(in work: FilePath) async throws -> FilePath {
        let target = architecture == "arm64" ? "arm64-efi" : "x86_64-efi"
        return try await image(target, Self.modules(target), Self.modules + ["efi_gop"], in: work)
    }

    private static func modules(_ target: String) -> FilePath { FilePath("/usr/lib/grub/\(target)") }

    /// The Debian packages that this machine lacks for a disk that boots in these ways.
    static func missingPackages(_ architecture: String, _ boot: DiskSettings.Boot, search: String?) -> [String] {
        let own: [DiskProgram] =
            switch boot {
            case .hybrid, .bios: [.grub]
            case .uefi: []
            case .uki: [.copySections]
            }
        let programs = own + [.makeFAT, .makeFolder, .copy]
        let files = files(architecture, boot, host: Platform.host.architectureName)
        let missing =
            programs.filter { $0.place(search: search) == nil }.map(\.package)
            + files.filter { !Files.exists($0.file) }.map(\.package)
        // Two programs are of one package.
        return missing.reduce(into: []) { all, name in if !all.contains(name) { all.append(name) } }
    }

    /// The files of this machine that such a disk starts with, and the Debian packages that have them.
    ///
    /// GRUB's are packages for every machine, but systemd's for the architecture that they are of.
    static func files(
        _ architecture: String,
        _ boot: DiskSettings.Boot,
        host: String
    ) -> [(file: FilePath, package: String)] {
        func grub(_ target: String, _ package: String) -> (file: FilePath, package: String) {
            (modules(target).appending("moddep.lst"), package)
        }
        let isARM = architecture == "arm64"
        let bios = isARM ? [] : [grub("i386-pc", "grub-pc-bin")]
        let systemd = "systemd-boot-efi" + (architecture == host ? "" : ":\(architecture)")
        switch boot {
        case .bios: return bios
        case .hybrid:
            return bios + [isARM ? grub("arm64-efi", "grub-efi-arm64-bin") : grub("x86_64-efi", "grub-efi-amd64-bin")]
        case .uefi: return [(LoaderEntries.program(architecture), systemd)]
        case .uki: return [(UnifiedKernel.stub, systemd)]
        }
    }

    /// An image of GRUB that goes on with the configuration in the root file system.
    private func image(_ target: String, _ folder: FilePath, _ modules: [String], in work: FilePath) async throws
        -> FilePath
    {
        let text = """
            search --no-floppy --fs-uuid --set=root \(fileSystem)
            set prefix=($root)/boot/grub
            configfile $prefix/grub.cfg

            """
        let path = work.appending(target)
        let arguments = ["--format", target, "--directory", folder.string, "--prefix", "/boot/grub"] + modules
        let kept = KeptImage(in: cache, of: [text] + arguments, program: DiskProgram.grub.place(search: search), folder)
        // GRUB puts no time into an image.
        if let bytes = kept?.bytes() {
            try AtomicFile.write(bytes, to: path)
        } else {
            let configuration = work.appending("\(target).cfg")
            try AtomicFile.write(Array(text.utf8), to: configuration)
            try await run(.grub, arguments + ["--config", configuration.string, "--output", path.string])
            if keeps { try kept?.keep(try Files.read(path)) }
        }
        return path
    }

    private func run(_ program: DiskProgram, _ arguments: [String]) async throws {
        try await program.run(arguments, time: time, search: search)
    }

    private func put<Number: FixedWidthInteger>(_ number: Number, in bytes: inout [UInt8], at place: Int) {
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: number.littleEndian, toByteOffset: place, as: Number.self) }
    }
}
