import Disks
import SystemIO
import SystemPackage

/// The file system that UEFI firmware reads.
struct FirmwarePartition {
    struct File: Hashable {
        /// From the file system's root on, with slashes.
        let path: String
        /// Where it is copied from.
        let content: FilePath
    }

    let files: [File]

    /// `program` is what firmware starts where it knows of no other.
    ///
    /// Source: UEFI specification 2.10, 3.5.1.1 "Removable Media Boot Behavior".
    init(starting program: FilePath, on architecture: String, with others: [File] = []) {
        let name = architecture == "arm64" ? "BOOTAA64.EFI" : "BOOTX64.EFI"
        files = [File(path: "EFI/BOOT/\(name)", content: program)] + others
    }

    /// Each folder once, behind those that it lies in.
    var folders: [String] {
        files.reduce(into: []) { folders, file in
            let names = file.path.split(separator: "/").dropLast()
            for count in names.indices {
                let folder = names[...count].joined(separator: "/")
                if !folders.contains(folder) { folders.append(folder) }
            }
        }
    }

    /// Makes the FAT file system at an offset of the disk.
    ///
    /// `time` is that of the files, in seconds since 1970. Throws `MachineDiskError`.
    func write(
        to disk: FilePath,
        from offset: Int64,
        size: Int64,
        time: Int64,
        search: String?
    ) async throws {
        // The file system's own tables take less than an eighth.
        let room = size / 8 * 7
        let length = try files.reduce(0) { try $0 + Descriptor.openForReading($1.content).status().size }
        guard length <= room else { throw MachineDiskError.tooLarge(size: length, room: room) }
        func run(_ program: DiskProgram, _ arguments: [String]) async throws {
            try await program.run(arguments, time: time, search: search)
        }
        // With clusters so small there are enough for FAT32.
        try await run(
            .makeFAT,
            [
                "--offset", "\(offset / PartitionTable.sectorSize)", "-F", "32", "-s", "\(size / (64 << 20))", "-n",
                "ESP", "--invariant", disk.string, "\(size / 1024)",
            ]
        )
        let image = "\(disk)@@\(offset)"
        try await run(.makeFolder, ["-i", image] + folders.map { "::/\($0)" })
        for file in files { try await run(.copy, ["-i", image, file.content.string, "::/\(file.path)"]) }
    }
}
