package import ContainerImages
import Baking
import Disks
import Layers
import OCI
package import Store
package import SystemIO
package import SystemPackage

/// The disk of a machine image: partitions, what firmware starts, and the tree of the image as the root file system.
///
/// Made without root and without mounting anything. Equal images of a name give equal disks.
package struct MachineDisk {
    package let image: StoredImage
    let store: ArtifactStore
    private let settings: DiskSettings
    let identity: DiskIdentity
    package let architecture: String
    let time: Int64
    /// The search path for the programs that make parts of it.
    let search: String?
    /// Where its parts are made; nil is in the store, into which nothing is written otherwise.
    private let work: FilePath?

    /// Room before the first partition, between partitions, and behind the last one: where all disks like writes to begin.
    static let alignment: Int64 = 1 << 20
    private static let biosSize = alignment

    package init(
        _ image: StoredImage,
        project: String,
        name: String,
        in store: ArtifactStore,
        environment: [String: String],
        work: FilePath? = nil
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
        self.work = work
        guard hasBIOS || hasUEFI else {
            throw MachineDiskError.architecture(architecture, boot: settings.boot.rawValue)
        }
    }

    package var hasBIOS: Bool { [.hybrid, .bios].contains(settings.boot) && architecture == "amd64" }
    package var hasUEFI: Bool {
        switch settings.boot {
        case .bios: false
        case .hybrid, .uefi: ["amd64", "arm64"].contains(architecture)
        case .uki: architecture == "amd64"
        }
    }

    /// As small as FAT32 can be with the firmware's taste for it, but where the kernels lie in it.
    ///
    /// It is the same for all versions, since the root begins behind it.
    private var firmwareSize: Int64 { [.uefi, .uki].contains(settings.boot) ? 256 << 20 : 64 << 20 }
    var rootStart: Int64 { 2 * Self.alignment + firmwareSize }
    /// What of a disk is not the root file system.
    private var overhead: Int64 { rootStart + Self.alignment }

    /// The Debian packages that this machine lacks for disks of its own architecture; for `doctor`.
    package static func missingPackages(search: String?) -> [String] {
        BootLoader.missingPackages(Platform.host.architectureName, .hybrid, search: search)
    }

    /// Writes the disk to an empty file that has a name, so that programs can open it.
    ///
    /// The layers are verified meanwhile. `isLast` says that nothing but a sync comes next.
    package func write(to disk: Descriptor, isLast: Bool = false) async throws {
        async let isSound: Void = verifyLayers()
        do {
            try await fill(disk, isDirect: isLast)
        } catch {
            // A damaged layer may be the cause of anything.
            try await isSound
            throw error
        }
        try await isSound
    }

    func makeWorkFolder() throws -> WorkFolder {
        try work.map { try WorkFolder(in: $0, prefix: "ovenbird-disk") } ?? store.makeWorkFolder("disk")
    }

    private func verifyLayers() async throws {
        try await BlockingPool.shared.run { cancellation in
            for layer in image.manifest.layers {
                try store.forEachPiece(ofBlob: layer.digest, size: layer.size) { _ in try cancellation.check() }
            }
        }
    }

    private func fill(_ disk: Descriptor, isDirect: Bool) async throws {
        let missing = BootLoader.missingPackages(architecture, settings.boot, search: search)
        if !missing.isEmpty { throw MachineDiskError.missing(missing) }
        let folder = try makeWorkFolder()
        defer { folder.remove() }
        let work = folder.path
        let contents = try await BlockingPool.shared.run { try self.contents(work) }
        let size = settings.size ?? self.size(of: contents.tree)
        let rootSize = size - overhead
        guard rootSize >= 16 << 20 else { throw DiskError.tooSmall(size: size, needed: overhead + (16 << 20)) }
        try await BlockingPool.shared.run { try disk.setLength(size) }
        // In parts of the disk of its own, while the files are written.
        async let boot = makeBootParts(contents.start, on: disk.path, in: work)
        try await BlockingPool.shared.run { cancellation in
            do {
                try Ext4Writer.write(
                    contents.tree,
                    contents.files,
                    on: disk,
                    from: self.rootStart,
                    size: rootSize,
                    format: self.format,
                    isDirect: isDirect,
                    check: cancellation.check
                )
            } catch DiskError.tooSmall(_, let needed) {
                throw DiskError.tooSmall(size: size, needed: needed.map { $0 + self.overhead })
            }
        }
        let bios = try await boot
        try await BlockingPool.shared.run {
            try self.partitions(size).write(to: disk, bootCode: bios?.firstSector ?? [])
            try bios?.image.withUnsafeBytes { try disk.write($0, at: Self.alignment) }
        }
    }

    /// Writes the partition that UEFI firmware reads, if there is one, and makes what a BIOS starts, if one can.
    private func makeBootParts(
        _ start: FirmwareStart,
        on disk: FilePath,
        in work: FilePath
    ) async throws -> BootLoader.BIOS? {
        let loader = BootLoader(
            architecture: architecture,
            fileSystem: identity.fileSystem,
            time: time,
            search: search,
            cache: store.cacheFolder.appending("boot-loaders"),
            keeps: self.work == nil
        )
        var bios: BootLoader.BIOS?
        if hasBIOS {
            let start = Self.alignment / PartitionTable.sectorSize
            bios = try await loader.bios(from: start, sectors: Self.biosSize / PartitionTable.sectorSize, in: work)
        }
        if hasUEFI {
            let partition = try await start.partition(loader, in: work)
            let place = 2 * Self.alignment
            try await partition.write(to: disk, from: place, size: firmwareSize, time: time, search: search)
        }
        return bios
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
                sectors: sectors(rootStart, size - Self.alignment)
            )
        ]
        if hasBIOS {
            let range = sectors(Self.alignment, 2 * Self.alignment)
            partitions.append(.init(number: 14, type: .biosBoot, id: identity.boot, name: "bios", sectors: range))
        }
        if hasUEFI {
            let range = sectors(2 * Self.alignment, rootStart)
            partitions.append(.init(number: 15, type: .firmware, id: identity.firmware, name: "esp", sectors: range))
        }
        return PartitionTable(id: identity.disk, size: size, partitions: partitions)
    }

    /// What the root file system is made of.
    private struct Contents {
        /// With the file system's own folder as the lowest layer.
        var tree: MergedTree
        /// The tars of all layers above that.
        var files: [Descriptor]
        let start: FirmwareStart
    }

    /// The layers of the image, and one on top with what the disk needs to start.
    private func contents(_ work: FilePath) throws -> Contents {
        let catalog = LayerCatalog(store: store)
        let layers = image.manifest.layers
        var tree = try MergedTree(
            layers: [Ext4Writer.lowestLayer(format)] + layers.map { try catalog.listing(of: $0.digest) },
            names: ["the file system"] + image.config.diffIDs.map { "layer '\($0)'" }
        )
        var files = try layers.map { try store.openBlob($0.digest) }
        guard let boot = BootFiles(in: tree) else { throw MachineDiskError.noKernel }
        let file = try Descriptor.openUnnamed(in: work)
        let root = ImageRoot(tree: tree, blobs: [file] + files)
        // What 'kernel' steps ask for.
        let stated = try root.contents(of: "/etc/kernel/cmdline", limit: 4096) ?? []
        let arguments =
            String(decoding: stated, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
            + settings.kernelArguments
        var writer = try TarWriter.open(to: file, name: "what starts the system")
        let start = try FirmwareStart(
            settings.boot,
            boot,
            of: root,
            arguments: BootFiles.arguments(root: identity.root) + arguments,
            in: work
        )
        if case .grub = start {
            let text = boot.configuration(root: identity.root, arguments: arguments)
            try add("boot/grub/grub.cfg", text, to: &writer)
        }
        let mounts = try root.contents(of: "/etc/fstab", limit: 64 << 10) ?? []
        try add("etc/fstab", BootFiles.mounts(root: identity.root, own: mounts), to: &writer)
        if BootFiles.wantsGrowth(tree) { try add(BootFiles.growth.path, BootFiles.growth.text, to: &writer) }
        if settings.isCleaned {
            for entry in try MachineTraces.cleaning(tree, time: time) { try writer.append(entry) }
        }
        _ = try writer.finish()
        tree = try tree.adding([try LayerListing.scan(file)])
        files.append(file)
        let contents = Contents(tree: tree, files: files, start: start)
        return settings.isRelaid ? try joined(contents, work) : contents
    }

    /// All of it as one layer, in whose place nothing is that was replaced or removed.
    private func joined(_ contents: Contents, _ work: FilePath) throws -> Contents {
        let file = try Descriptor.openUnnamed(in: work)
        var writer = try TarWriter.open(to: file, name: "the tree of the image")
        try contents.tree.flattened { (entry, content) throws(LayerError) in
            guard let content else { return try writer.append(entry) }
            try writer.append(entry, slice: contents.files[content.layer - 1], at: content.offset)
        }
        _ = try writer.finish()
        let tree = try MergedTree(layers: [Ext4Writer.lowestLayer(format), try LayerListing.scan(file)])
        return Contents(tree: tree, files: [file], start: contents.start)
    }

    private func add(_ path: EntryPath, _ text: String, to writer: inout TarWriter) throws {
        let bytes = Array(text.utf8)
        try writer.append(.regular(path, size: Int64(bytes.count), modified: time), bytes: bytes)
    }

    /// What has room for the image and for a machine that works, in whole gibibytes, so that little changes move nothing.
    private func size(of tree: MergedTree) -> Int64 {
        let block = Int64(Ext4Format.blockSize)
        var bytes: Int64 = 0
        var items: Int64 = 0
        for listing in tree.listings.dropFirst() {
            items += Int64(listing.items.count)
            for item in listing.items.indices {
                // An inode and a name, and whole blocks.
                let content = listing.items.kind(at: item) == .directory ? block : listing.items.size(at: item)
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
