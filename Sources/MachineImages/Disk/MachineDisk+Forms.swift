import ContainerImages
package import Disks
import Glibc
import OCI
import Store
package import SystemIO
package import SystemPackage

extension MachineDisk {
    /// Writes the disk in a form to an empty file that has a name and is synced afterwards.
    ///
    /// Gives what is in use on it where `mapping` is set.
    @discardableResult
    package func write(to file: Descriptor, as form: DiskForm, mapping: Bool = false) async throws -> BlockMap? {
        if form == .raw {
            try await write(to: file, isLast: !mapping)
            return mapping ? try await blockMap(of: file) : nil
        }
        if DiskProgram.convert.place(search: search) == nil {
            throw MachineDiskError.missing([DiskProgram.convert.package])
        }
        return try await withDisk { disk, _ in
            let map = mapping ? try await blockMap(of: disk) : nil
            try await DiskProgram.convert.run(
                ["convert", "-f", "raw", "-O", form.rawValue] + form.options + [
                    disk.path.string, Self.plain(file.path),
                ],
                time: time,
                search: search
            )
            if form == .vmdk { try nameStably(file) }
            return map
        }
    }

    /// A path that QEMU takes for nothing else: before a colon it sees a protocol, and after a hyphen an option.
    private static func plain(_ path: FilePath) -> String { path.isAbsolute ? path.string : "./\(path)" }

    /// What is in use on the disk, which is made for it and nothing else.
    package func blockMap() async throws -> BlockMap { try await withDisk { disk, _ in try await blockMap(of: disk) } }

    /// Hands over the disk, and the folder that it is in and that is gone afterwards.
    package func withDisk<Value>(_ body: (Descriptor, FilePath) async throws -> Value) async throws -> Value {
        let folder = try makeWorkFolder()
        defer { folder.remove() }
        let path = folder.path.appending("disk.raw")
        let disk = try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        try await write(to: disk)
        return try await body(disk, folder.path)
    }

    /// Hands over the disk with what is in use on it.
    package func withMappedDisk<Value>(_ body: (Descriptor, BlockMap) async throws -> Value) async throws -> Value {
        try await withDisk { disk, _ in try await body(disk, blockMap(of: disk)) }
    }

    private func blockMap(of disk: Descriptor) async throws -> BlockMap {
        try await BlockingPool.shared.run { cancellation in
            let size = try disk.status().size
            var used = PartitionTable.ranges(size: size)
            if hasBIOS { used.append(Self.alignment..<2 * Self.alignment) }
            if hasUEFI { used += try FATUsage.ranges(on: disk, from: 2 * Self.alignment) }
            used += try Ext4Usage.ranges(on: disk, from: self.rootStart)
            return try BlockMap(of: disk, size: size, used: used, check: cancellation.check)
        }
    }

    /// Gives a VMDK the name and the number that it would otherwise have from its file and from chance.
    ///
    /// Source: VMware Virtual Disk Format 1.1, "Hosted Sparse Extent Header" and "The Descriptor File".
    private func nameStably(_ file: Descriptor) throws {
        let sector = Int(PartitionTable.sectorSize)
        func read(_ count: Int, at place: Int) throws -> [UInt8] {
            try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                initialized = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: Int64(place))
            }
        }
        let header = try read(sector, at: 0)
        func number(_ place: Int) -> Int { header[place..<place + 4].reversed().reduce(0) { $0 << 8 | Int($1) } }
        // In sectors, where the descriptor is and how many it has.
        let (place, length) = (number(28) * sector, number(36) * sector)
        guard header.starts(with: DiskForm.vmdk.mark.bytes), (sector...sector << 8).contains(place), length <= 1 << 20
        else {
            throw MachineDiskError.program(name: DiskProgram.convert.name, words: "what it wrote is no VMDK")
        }
        let text = String(decoding: try read(length, at: place).prefix { $0 != 0 }, as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            if line.hasPrefix("CID=") { return "CID=" + image.manifest.config.digest.hex.prefix(8) }
            if line.hasPrefix("RW "), let name = line.firstIndex(of: "\"") { return line[..<name] + "\"disk.vmdk\"" }
            return String(line)
        }
        var bytes = Array(lines.joined(separator: "\n").utf8)
        guard bytes.count <= length else {
            throw MachineDiskError.program(name: DiskProgram.convert.name, words: "its VMDK has no room for its name")
        }
        bytes += [UInt8](repeating: 0, count: length - bytes.count)
        try bytes.withUnsafeBytes { try file.write($0, at: Int64(place)) }
    }
}
