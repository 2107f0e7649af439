package import ContainerImages
import Baking
import Disks
import Layers
import OCI
package import Store
package import SystemIO
import SystemPackage

/// The disk of a machine image: partitions, what firmware starts, and the tree of the image as the root file system.
///
/// Made without root and without mounting anything. Equal images of a name give equal disks.
package struct MachineDisk {
    let image: StoredImage
    let store: ArtifactStore
    private let settings: DiskSettings
    let identity: DiskIdentity
    package let architecture: String
    let time: Int64
    /// The search path for the programs that make parts of it.
    let search: String?

    /// Room before the first partition, between partitions, and behind the last one: where all disks like writes to begin.
    static let alignment: Int64 = 1 << 20
    private static let biosSize = alignment
    /// As small as FAT32 can be with the firmware's taste for it.
    private static let firmwareSize: Int64 = 64 << 20
    static let rootStart = 2 * alignment + firmwareSize
    /// What of a disk is not the root file system.
    private static let overhead = rootStart + alignment

    package init(
        _ image: StoredImage,
        project: String,
        name: String,
        in store: ArtifactStore,
        environment: [String: String]
    ) throws {
        guard let settings = DiskSettings(image.config.execution.labels[ImageAssembly.machineLabel]) else {
            throw MachineDiskError.noSettings
        }
        self.image = image
        self.store = store
        self.settings = settings
        identity = DiskIdentity(project: project, image: name)
        architecture = image.config.platform.architectureName
        time = image.config.created.flatMap { Timestamp.seconds($0) } ?? 0
        search = environment["PATH"]
        guard hasBIOS || hasUEFI else {
            throw MachineDiskError.architecture(architecture, boot: settings.boot.rawValue)
        }
    }

    package var hasBIOS: Bool { settings.boot != .uefi && architecture == "amd64" }
    package var hasUEFI: Bool { settings.boot != .bios && ["amd64", "arm64"].contains(architecture) }

    /// The Debian packages that this machine lacks for disks of its own architecture; for `doctor`.
    package static func missingPackages(search: String?) -> [String] {
        let architecture = Platform.host.architectureName
        return BootLoader.missingPackages(architecture, bios: architecture == "amd64", uefi: true, search: search)
    }

    /// Writes the disk to an empty file that has a name, so that programs can open it.
    package func write(to disk: Descriptor) async throws {
        let missing = BootLoader.missingPackages(architecture, bios: hasBIOS, uefi: hasUEFI, search: search)
        if !missing.isEmpty { throw MachineDiskError.missing(missing) }
        let folder = try store.makeWorkFolder("disk")
        defer { folder.remove() }
        let work = folder.path
        let layers = try await BlockingPool.shared.run { try self.layers(work) }
        let size = settings.size ?? Self.size(of: layers)
        let loader = BootLoader(
            architecture: architecture,
            fileSystem: identity.fileSystem,
            time: time,
            search: search
        )
        let rootSize = size - Self.overhead
        try await BlockingPool.shared.run { cancellation in
            try disk.setLength(size)
            guard rootSize >= 16 << 20 else { throw DiskError.tooSmall(size: size, needed: Self.overhead + (16 << 20)) }
            do {
                try Ext4Writer.write(
                    layers,
                    on: disk,
                    from: Self.rootStart,
                    size: rootSize,
                    format: self.format,
                    check: cancellation.check
                )
            } catch DiskError.tooSmall(_, let needed) {
                throw DiskError.tooSmall(size: size, needed: needed.map { $0 + Self.overhead })
            }
        }
        var bios: BootLoader.BIOS?
        if hasBIOS {
            let start = Self.alignment / PartitionTable.sectorSize
            bios = try await loader.bios(from: start, sectors: Self.biosSize / PartitionTable.sectorSize, in: work)
        }
        if hasUEFI {
            try await loader.uefi(
                on: disk.path,
                from: 2 * Self.alignment,
                size: Self.firmwareSize,
                in: work
            )
        }
        let code = bios
        try await BlockingPool.shared.run {
            try self.partitions(size).write(to: disk, bootCode: code?.firstSector ?? [])
            try code?.image.withUnsafeBytes { try disk.write($0, at: Self.alignment) }
        }
    }

    private var format: Ext4Format {
        Ext4Format(
            uuid: identity.fileSystem.ordered,
            hashSeed: identity.hashSeed.ordered,
            label: settings.label,
            time: time
        )
    }

    /// The root is the last one, so that it can grow, and the first by its number; the others have those that Debian gives them.
    private func partitions(_ size: Int64) -> PartitionTable {
        func sectors(_ start: Int64, _ end: Int64) -> Range<Int64> {
            start / PartitionTable.sectorSize..<end / PartitionTable.sectorSize
        }
        var partitions = [
            PartitionTable.Partition(
                number: 1,
                type: architecture == "arm64" ? .rootARM64 : .rootAMD64,
                id: identity.root,
                name: "root",
                sectors: sectors(Self.rootStart, size - Self.alignment)
            )
        ]
        if hasBIOS {
            let range = sectors(Self.alignment, 2 * Self.alignment)
            partitions.append(.init(number: 14, type: .biosBoot, id: identity.boot, name: "bios", sectors: range))
        }
        if hasUEFI {
            let range = sectors(2 * Self.alignment, Self.rootStart)
            partitions.append(.init(number: 15, type: .firmware, id: identity.firmware, name: "esp", sectors: range))
        }
        return PartitionTable(id: identity.disk, size: size, partitions: partitions)
    }

    /// The layers of the image, and one on top with what the disk needs to start.
    private func layers(_ work: FilePath) throws -> [(listing: LayerListing, file: Descriptor)] {
        var layers = try zip(image.manifest.layers, image.config.diffIDs).map { blob, diffID in
            let file = try store.openBlob(blob.digest, verify: true)
            return (listing: try LayerListing.scan(file, name: "layer '\(diffID)'"), file: file)
        }
        let tree = try MergedTree(layers: layers.map(\.listing), names: image.config.diffIDs.map { "layer '\($0)'" })
        guard let boot = BootFiles(in: tree) else { throw MachineDiskError.noKernel }
        let root = ImageRoot(tree: tree, blobs: layers.map(\.file))
        // What 'kernel' steps ask for.
        let stated = try root.contents(of: "/etc/kernel/cmdline", limit: 4096) ?? []
        let arguments = String(decoding: stated, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
        let file = try Descriptor.openUnnamed(in: work)
        var writer = try TarWriter.open(to: file, name: "what starts the system")
        try add(
            "boot/grub/grub.cfg",
            boot.configuration(root: identity.root, arguments: arguments + settings.kernelArguments),
            to: &writer
        )
        try add("etc/fstab", BootFiles.mounts(root: identity.root), to: &writer)
        if settings.isCleaned {
            for entry in try MachineTraces.cleaning(tree, time: time) { try writer.append(entry) }
        }
        _ = try writer.finish()
        layers.append((listing: try LayerListing.scan(file), file: file))
        return settings.isRelaid ? [try joined(layers, work)] : layers
    }

    /// All of it as one layer, in whose place nothing is that was replaced or removed.
    private func joined(
        _ layers: [(listing: LayerListing, file: Descriptor)],
        _ work: FilePath
    ) throws -> (listing: LayerListing, file: Descriptor) {
        let tree = try MergedTree(layers: layers.map(\.listing))
        let file = try Descriptor.openUnnamed(in: work)
        var writer = try TarWriter.open(to: file, name: "the tree of the image")
        try tree.flattened { (entry, contents) throws(LayerError) in
            guard let contents else { return try writer.append(entry) }
            try writer.append(entry, slice: layers[contents.layer].file, at: contents.offset)
        }
        _ = try writer.finish()
        return (listing: try LayerListing.scan(file), file: file)
    }

    private func add(_ path: EntryPath, _ text: String, to writer: inout TarWriter) throws {
        let bytes = Array(text.utf8)
        try writer.append(.regular(path, size: Int64(bytes.count), modified: time), bytes: bytes)
    }

    /// What has room for the image and for a machine that works, in whole gibibytes, so that little changes move nothing.
    private static func size(of layers: [(listing: LayerListing, file: Descriptor)]) -> Int64 {
        let block = Int64(Ext4Format.blockSize)
        var bytes: Int64 = 0
        var items: Int64 = 0
        for layer in layers {
            items += Int64(layer.listing.items.count)
            for item in layer.listing.items {
                // An inode and a name, and whole blocks.
                let content = item.entry.kind == .directory ? block : item.entry.size
                bytes += 512 + (content + block - 1) / block * block
            }
        }
        // There are no more inodes than blocks, and some are for what the machine makes.
        bytes = max(bytes, items * block * 5 / 4)
        let gibibyte: Int64 = 1 << 30
        return (rootStart + bytes + bytes / 2 + (256 << 20) + gibibyte - 1) / gibibyte * gibibyte
    }
}

extension GUID {
    // Source: UEFI specification 2.10, table 5.7, and the Discoverable Partitions Specification.
    fileprivate static let firmware = GUID(hex: "c12a7328f81f11d2ba4b00a0c93ec93b")
    fileprivate static let biosBoot = GUID(hex: "2168614864496e6f744e656564454649")
    fileprivate static let rootAMD64 = GUID(hex: "4f68bce3e8cd4db196e7fbcaf984b709")
    fileprivate static let rootARM64 = GUID(hex: "b921b0451df041c3af444c6f280d3fae")

    private init(hex: String) {
        let digits = Array(hex.utf8)
        self.init(
            stride(from: 0, to: 32, by: 2).map { place in
                UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16) ?? 0
            }
        )
    }
}
