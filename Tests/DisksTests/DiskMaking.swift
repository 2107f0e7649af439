import Disks
import Glibc
import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

let isRoot = geteuid() == 0

/// Makes file systems of tars in a folder of its own.
struct DiskMaking: Sendable {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    static func format(time: Int64 = 1_700_000_000) -> Ext4Format {
        Ext4Format(
            uuid: Array(1...16),
            hashSeed: Array(17...32),
            label: "root",
            time: time
        )
    }

    func layer(_ name: String, _ tar: RawTar) throws -> (listing: LayerListing, file: Descriptor) {
        let file = try Descriptor.openForReading(folder.write(tar.finished, to: name))
        return (try LayerListing.scan(file), file)
    }

    /// A disk that is nothing but the file system.
    @discardableResult
    func disk(
        _ name: String,
        _ tars: [RawTar],
        mebibytes: Int64 = 64,
        format: Ext4Format = DiskMaking.format()
    ) async throws -> FilePath {
        // Not on a thread that tests of servers wait for.
        try await BlockingPool.shared.run { try self.write(name, tars, mebibytes, format) }
    }

    private func write(
        _ name: String,
        _ tars: [RawTar],
        _ mebibytes: Int64,
        _ format: Ext4Format
    ) throws -> FilePath {
        let path = folder.file(name)
        let disk = try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_TRUNC, mode: 0o644)
        #expect(ftruncate(disk.raw, off_t(mebibytes << 20)) == 0)
        let layers = try tars.enumerated().map { try layer("\(name)-\($0).tar", $1) }
        try Self.write(layers, on: disk, size: mebibytes << 20, format: format)
        return path
    }

    static func write(
        _ layers: [(listing: LayerListing, file: Descriptor)],
        on disk: Descriptor,
        from offset: Int64 = 0,
        size: Int64,
        format: Ext4Format = DiskMaking.format(),
        isDirect: Bool = false,
        check: @escaping () throws -> Void = {}
    ) throws {
        let tree = try MergedTree(layers: [Ext4Writer.lowestLayer(format)] + layers.map(\.listing))
        try Ext4Writer.write(
            tree,
            layers.map(\.file),
            on: disk,
            from: offset,
            size: size,
            format: format,
            isDirect: isDirect,
            check: check
        )
    }

    /// The tree that the tars make.
    func tree(_ tars: [RawTar]) throws -> MergedTree {
        try MergedTree(layers: try tars.enumerated().map { try layer("tree-\($0).tar", $1).listing })
    }

    /// What the program that looks for mistakes in file systems says, which has to be nothing.
    func check(_ disk: FilePath) async throws {
        try await requireTool("e2fsck", ["-f", "-n", disk.string])
    }

    /// Blocks of 512 KiB in which two disks differ.
    func difference(_ one: FilePath, _ other: FilePath) throws -> Int {
        let (first, second) = try (Descriptor.openForReading(one), Descriptor.openForReading(other))
        var (left, right) = ([UInt8](repeating: 0, count: 512 << 10), [UInt8](repeating: 0, count: 512 << 10))
        var count = 0
        for offset in stride(from: 0, to: try first.status().size, by: 512 << 10) {
            _ = try left.withUnsafeMutableBytes { try first.read(into: $0, at: offset) }
            _ = try right.withUnsafeMutableBytes { try second.read(into: $0, at: offset) }
            if left != right { count += 1 }
        }
        return count
    }
}
