import Diagnostics
import Glibc
import Layers
import OCI
import Store
import SystemIO
package import SystemPackage

extension BaseImport {
    /// What `docker save` writes, the old form and the one that is an OCI layout too; without a tag it must hold one image.
    ///
    /// Both have `manifest.json`, which names config and layers. Links between layers, which old engines write for layers that
    /// are equal, are followed inside the archive.
    package func dockerArchive(_ path: FilePath, tag: String?) throws -> ImportedBase {
        try explaining {
            let archive = try DockerArchive(self, file: try openArchive(path))
            let images = try archive.images()
            let image = try choose(tag, among: images)
            let configBytes = try archive.read(image.config)
            let identity = Digester.digest(of: configBytes)
            if let promised = DockerArchive.digest(inName: image.config), promised != identity {
                throw invalid("its config '\(promised)' is damaged: its content has the digest '\(identity)'")
            }
            let config = try ImageConfig(decoding: configBytes)
            guard config.diffIDs.count == image.layers.count else {
                throw invalid("its config names \(config.diffIDs.count) layers, its manifest \(image.layers.count)")
            }
            try checkPlatform(config.platform)
            // Each is copied before it is read, so that there are not too many copies.
            let layers = try inParallel(image.layers.count, threads: min(4, WorkerThread.processorCount)) {
                try archive.layer(image.layers[$0], diffID: config.diffIDs[$0])
            }
            return ImportedBase(layers: try stacked(layers), config: config, digest: identity)
        }
    }

    /// The archive as an uncompressed file: content is read by position.
    private func openArchive(_ path: FilePath) throws -> SystemIO.Descriptor {
        let file = try openFile(path)
        var magic = [UInt8](repeating: 0, count: 16)
        let count = try magic.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        guard Decompression.isCompressed(Array(magic[..<count])) else { return file }
        let work = try store.makeWorkFolder("import")
        let copy = try SystemIO.Descriptor.open(
            work.path.appending("archive.tar"),
            flags: O_RDWR | O_CREAT | O_EXCL,
            mode: 0o600
        )
        try Decompression.forEachPiece(of: file, name: name, limits: limits) { try copy.write($0) }
        // The folder goes when this returns; the open file lives on without a name.
        return copy
    }

    private func choose(_ tag: String?, among images: [DockerArchive.Image]) throws -> DockerArchive.Image {
        let names = Set(images.flatMap(\.tags)).sorted(by: precedes)
        guard let tag else {
            if images.count > 1 { throw ambiguous(names) }
            guard let only = images.first else { throw invalid("it holds no image") }
            return only
        }
        // The whole name, or as much of its end as is clear: `docker.io/shop/web:1.0`, `shop/web:1.0` and `1.0`.
        let exact = images.filter { $0.tags.contains(tag) }
        let found =
            exact.isEmpty
            ? images.filter { $0.tags.contains { $0.hasSuffix(":\(tag)") || $0.hasSuffix("/\(tag)") } } : exact
        if found.count > 1 { throw ambiguous(names) }
        guard let image = found.first else { throw unknown(tag, names) }
        return image
    }
}

/// The parts of an archive that `docker save` wrote.
struct DockerArchive {
    struct Image {
        var config: String
        var tags: [String]
        var layers: [String]
    }

    private let base: BaseImport
    private let file: SystemIO.Descriptor
    private let items: [EntryPath: LayerListing.Item]

    init(_ base: BaseImport, file: SystemIO.Descriptor) throws {
        self.base = base
        self.file = file
        let listing = try LayerListing.scan(file, name: base.name, limits: base.limits)
        items = Dictionary(listing.items.map { ($0.entry.path, $0) }) { _, last in last }
    }

    /// The images that `manifest.json` names.
    func images() throws -> [Image] {
        guard items["manifest.json"] != nil else {
            throw base.invalid("it has no 'manifest.json', so that it is not what 'docker save' writes")
        }
        let document = try JSONValue.parse(try read("manifest.json"))
        guard let entries = document.arrayValue else { throw base.invalid("its 'manifest.json' is not a list") }
        return try entries.map { entry in
            guard let config = entry["Config"]?.stringValue, let layers = strings(entry["Layers"]),
                let tags = strings(entry["RepoTags"])
            else { throw base.invalid("its 'manifest.json' does not name a config, layers and tags") }
            guard layers.count <= DocumentLimit.layers else { throw base.invalid("it has \(layers.count) layers") }
            return Image(config: config, tags: tags, layers: layers)
        }
    }

    /// A list of strings; Go writes an empty one as null.
    private func strings(_ value: JSONValue?) -> [String]? {
        guard let value, value != .null else { return [] }
        guard let values = value.arrayValue else { return nil }
        let texts = values.compactMap(\.stringValue)
        return texts.count == values.count ? texts : nil
    }

    /// A document of the archive.
    func read(_ name: String) throws -> [UInt8] {
        let item = try item(name)
        guard item.entry.size <= Int64(DocumentLimit.bytes) else { throw base.invalid("its '\(name)' is too large") }
        var bytes: [UInt8] = []
        try forEachPiece(of: item) { bytes += $0 }
        return bytes
    }

    /// A layer as a blob of our store, whose content is that of the diffID.
    func layer(_ name: String, diffID: Digest) throws -> StoredLayer {
        let item = try item(name)
        if let known = try base.storedLayer(diffID) { return known }
        // A decompressor reads a file from its start, so the layer becomes one that goes when it has been read.
        let work = try base.store.makeWorkFolder("import")
        let copy = try SystemIO.Descriptor.open(
            work.path.appending("layer.tar"),
            flags: O_RDWR | O_CREAT | O_EXCL,
            mode: 0o600
        )
        try forEachPiece(of: item) { try copy.write($0) }
        return try base.storeLayer(copy, diffID: diffID)
    }

    /// `<digest>.json` and `blobs/sha256/<digest>` promise their content.
    static func digest(inName name: String) -> Digest? {
        guard let last = name.pathComponents.last else { return nil }
        return Digest(hex: last.hasSuffix(".json") ? String(last.dropLast(5)) : String(last))
    }

    private func item(_ name: String) throws -> LayerListing.Item {
        var path = try entryPath(name)
        for _ in 0..<8 {
            guard let item = items[path] else { throw base.invalid("it has no '\(path)', which its manifest names") }
            switch item.entry.kind {
            case .regular: return item
            case .hardLink: path = item.entry.hardLinkTarget ?? .root
            case .symlink: path = try target(of: item.entry)
            default: throw base.invalid("its '\(path)' is not a file")
            }
        }
        throw base.invalid("its '\(name)' is a link that leads in circles")
    }

    private func target(of link: TarEntry) throws -> EntryPath {
        var components = link.path.parent.components.map { Array($0) }
        for component in link.linkTarget.split(separator: UInt8(ascii: "/")) {
            if component.elementsEqual(Array("..".utf8)) {
                guard components.popLast() != nil else { throw base.invalid("its '\(link.path)' leads out of it") }
            } else if !component.elementsEqual(Array(".".utf8)) {
                components.append(Array(component))
            }
        }
        return try entryPath(String(decoding: Array(components.joined(separator: [UInt8(ascii: "/")])), as: UTF8.self))
    }

    private func entryPath(_ name: String) throws -> EntryPath {
        do {
            return try EntryPath(name)
        } catch {
            throw base.invalid("its manifest names '\(error.name)': \(error.message)")
        }
    }

    private func forEachPiece(
        of item: LayerListing.Item,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 64)
        defer { buffer.deallocate() }
        var done: Int64 = 0
        while done < item.entry.size {
            let room = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<Int(min(Int64(buffer.count), item.entry.size - done))]
            )
            let count = try file.read(into: room, at: item.dataOffset + done)
            guard count > 0 else { throw base.invalid("it ends in the middle of '\(item.entry.path)'") }
            done += Int64(count)
            try body(UnsafeRawBufferPointer(rebasing: room[..<count]))
        }
    }
}
