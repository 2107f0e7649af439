import Bakefiles
import Layers
import OCI
import Planning
import Store
import SystemIO
import SystemPackage

/// Writes one step bundle: `apply.sh`, `step.json` and `files/`, as one tar that is the same bytes each time.
struct StepBundle {
    /// Raised when the same step would give another bundle than it did with an older ovenbird.
    static let form: Int64 = 3

    /// Where the bytes of a carried file are.
    private enum Content {
        case blob(Digest)
        case file(SystemIO.Descriptor)
    }

    private let image: BundledImage
    private let part: BundledImage.Part
    private let store: ArtifactStore
    private var carried: [(file: ApplyScript.Carried, content: Content)] = []
    /// Holds files that are made for the bundle, until it is written.
    private let work: WorkFolder

    init(_ part: BundledImage.Part, of image: BundledImage, store: ArtifactStore) throws {
        self.image = image
        self.part = part
        self.store = store
        work = try store.makeWorkFolder("bundle")
    }

    /// Writes the bundle into the store; `tree` is what the step starts from, `open` opens an input.
    mutating func write(
        over tree: MergedTree,
        listings: [LayerListing],
        open: (InputPath) throws -> SystemIO.Descriptor
    ) throws -> StoredBlob {
        var layers: [(tar: String, changes: LayerOnMachine)] = []
        var packages = ApplyScript.PackageFiles()
        var placed: [TarEntry] = []
        switch part.action {
        case .run: break
        case .packages(let step): packages = try carry(step, open)
        case _ where image.start.ami != nil: placed = try carryFiles(listings)
        default: layers = try carryLayers(over: tree, listings)
        }
        carried.sort { $0.file.name.utf8.lexicographicallyPrecedes($1.file.name.utf8) }
        let definition = document.canonicalBytes
        let definitionFile = ApplyScript.Carried(
            name: "step.json",
            digest: Digester.digest(of: definition),
            size: Int64(definition.count)
        )
        var script = ApplyScript.begin(
            step: "\(image.name):\(part.address)",
            title: part.title,
            carries: carried.map(\.file) + [definitionFile]
        )
        switch part.action {
        case .run(let step):
            ApplyScript.run(try step.placed(in: tree), timestamp: image.timestamp, in: &script)
        case .packages(let step):
            ApplyScript.install(step, files: packages, timestamp: image.timestamp, in: &script)
        case _ where image.start.ami != nil: ApplyScript.place(placed, to: &script)
        default: ApplyScript.apply(layers, to: &script)
        }
        return try archive(script.bytes, definition)
    }

    private var document: JSONValue {
        .object([
            "bundle": .integer(Self.form),
            "image": .string(image.name),
            "step": .string(part.address),
            "title": .string(ShellScript.line(part.title)),
            "definition": part.definition,
            "layers": .strings(part.layers.map(\.description)),
            "files": .array(
                carried.map { carried in
                    .object([
                        "name": .string(carried.file.name), "digest": .string(carried.file.digest.description),
                        "size": .integer(carried.file.size),
                    ])
                }
            ),
        ])
    }

    private func archive(_ script: [UInt8], _ definition: [UInt8]) throws -> StoredBlob {
        let name = "the bundle of '\(image.name):\(part.address)'"
        let blob = try store.makeBlobWriter()
        var writer = try TarWriter.open(name: name) { (bytes) throws(SystemError) in try blob.write(bytes) }
        try writer.append(.regular("apply.sh", size: Int64(script.count), mode: 0o755), bytes: script)
        if !carried.isEmpty { try writer.append(.directory("files")) }
        for (file, content) in carried {
            let entry = TarEntry.regular(try EntryPath(file.name), size: file.size)
            switch content {
            case .blob(let digest): try writer.append(entry, slice: try store.openBlob(digest, verify: true), at: 0)
            case .file(let source): try writer.append(entry, slice: source, at: 0)
            }
        }
        try writer.append(.regular("step.json", size: Int64(definition.count)), bytes: definition)
        let written = try writer.finish()
        return try blob.finish(expecting: written.digest, size: written.size)
    }
}

extension StepBundle {
    /// The step's layers, each without its whiteouts.
    private mutating func carryLayers(
        over tree: MergedTree,
        _ listings: [LayerListing]
    ) throws -> [(tar: String, changes: LayerOnMachine)] {
        var tree = tree
        var result: [(tar: String, changes: LayerOnMachine)] = []
        for (number, (digest, listing)) in zip(part.layers, listings).enumerated() {
            let changes = try LayerOnMachine(listing, over: tree, name: "layer '\(digest)'")
            let name = part.layers.count == 1 ? "files/layer.tar" : "files/layer-\(number + 1).tar"
            if !changes.hasWhiteouts, let size = store.blobSize(digest) {
                carried.append((ApplyScript.Carried(name: name, digest: digest, size: size), .blob(digest)))
            } else if !changes.items.isEmpty {
                try carryRest(of: digest, changes.items, as: name)
            }
            result.append((name, changes))
            tree = try tree.adding([listing])
        }
        return result
    }

    /// What is to lie on a machine of which nothing is known here: all of it, and in a tar of its own what is no folder.
    private mutating func carryFiles(_ listings: [LayerListing]) throws -> [TarEntry] {
        guard let digest = part.layers.first, let listing = listings.first, listings.count == 1 else {
            preconditionFailure("'\(part.address)' leaves one layer")
        }
        var files = LayerListing.Items()
        var entries: [TarEntry] = []
        for item in listing.items {
            entries.append(item.entry)
            if item.entry.kind != .directory { files.append(item) }
        }
        if !files.isEmpty { try carryRest(of: digest, files, as: ApplyScript.placedFiles) }
        return entries
    }

    private mutating func carryRest(of digest: Digest, _ items: LayerListing.Items, as name: String) throws {
        let source = try store.openBlob(digest, verify: true)
        let file = try makeFile()
        var writer = try TarWriter.open(to: file, name: name)
        for item in items {
            if item.entry.kind == .regular {
                try writer.append(item.entry, slice: source, at: item.dataOffset)
            } else {
                try writer.append(item.entry)
            }
        }
        let written = try writer.finish()
        carried.append((ApplyScript.Carried(name: name, digest: written.digest, size: written.size), .file(file)))
    }

    /// Local packages and keys, as the plan has seen them.
    private mutating func carry(
        _ step: PackagesStep,
        _ open: (InputPath) throws -> SystemIO.Descriptor
    ) throws -> ApplyScript.PackageFiles {
        var files = ApplyScript.PackageFiles()
        for (number, path) in step.files.enumerated() {
            files.debs.append(try carryInput(path, as: "\(number + 1)-\(safeName(path))", open))
        }
        for (number, source) in step.sources.enumerated() {
            files.keys.append(try carryInput(source.key, as: "key-\(number + 1)-\(safeName(source.key))", open))
        }
        return files
    }

    private mutating func carryInput(
        _ path: InputPath,
        as name: String,
        _ open: (InputPath) throws -> SystemIO.Descriptor
    ) throws -> String {
        let copy = try makeFile()
        var digester = Digester()
        try open(path).forEachPiece { piece in
            digester.update(piece)
            try copy.write(piece)
        }
        let digest = digester.finish()
        guard case .file(digest, _, _) = part.inputs.first(where: { $0.path == path })?.tree.entries.first?.content
        else {
            throw BundleError.changed(path: path.name, step: "\(image.name):\(part.address)")
        }
        carried.append((ApplyScript.Carried(name: "files/\(name)", digest: digest, size: digester.count), .file(copy)))
        return name
    }

    private func safeName(_ path: InputPath) -> String {
        let last = path.path.pathComponents.last ?? "file"
        let allowed = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_~".utf8)
        return String(decoding: last.utf8.map { allowed.contains($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    }

    private func makeFile() throws -> SystemIO.Descriptor {
        try SystemIO.Descriptor.open(
            work.path.appending("file-\(carried.count)"),
            flags: openNewFlags,
            mode: 0o600
        )
    }
}

extension RunStep {
    /// The step with each mount target where it leads in the tree, as the bake mounts it; symlinks are followed inside.
    fileprivate func placed(in tree: MergedTree) throws -> RunStep {
        func place(_ target: String) throws -> String {
            let found = try tree.resolve(try EntryPath(target))
            // A name that is no UTF-8 stays as it was stated: the script then refuses the symlink that leads to it.
            return String(validating: found.bytes, as: UTF8.self).map { "/" + $0 } ?? target
        }
        var step = self
        for index in step.caches.indices { step.caches[index].target = try place(step.caches[index].target) }
        for index in step.secrets.indices {
            guard case .file(let target) = step.secrets[index].target else { continue }
            step.secrets[index].target = .file(try place(target))
        }
        return step
    }
}
