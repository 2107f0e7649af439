import Baking
import ContainerImages
import Layers
import OCI
import Reporting
import Store
import SystemIO
import SystemPackage

/// Two images of a store, layer by layer and file by file.
struct ImageComparison {
    let old: KnownImage
    let new: KnownImage
    private let oldImage: StoredImage
    private let newImage: StoredImage
    /// In the order of the paths.
    let changes: [TreeChange]
    /// Index of the new image's layer that a change comes from, nil for what is gone.
    private let layerOfChange: [Int?]

    init(_ old: KnownImage, _ new: KnownImage, in store: ArtifactStore) throws {
        self.old = old
        self.new = new
        oldImage = try old.layers(in: store, to: "compare").image(named: old.name)
        newImage = try new.layers(in: store, to: "compare").image(named: new.name)
        let catalog = LayerCatalog(store: store)
        let diffIDs = (old: oldImage.config.diffIDs, new: newImage.config.diffIDs)
        let oldTree = try MergedTree(layers: diffIDs.old.map { try catalog.listing(of: $0) })
        let newTree = try MergedTree(layers: diffIDs.new.map { try catalog.listing(of: $0) })
        let blobs = (
            old: try diffIDs.old.map { try store.openBlob($0) }, new: try diffIDs.new.map { try store.openBlob($0) }
        )
        var comparison = ContentComparison()
        changes = try oldTree.changes(to: newTree) { path in
            guard let left = oldTree.contents(of: path), let right = newTree.contents(of: path) else {
                return true
            }
            if diffIDs.old[left.layer] == diffIDs.new[right.layer], left.offset == right.offset { return true }
            return try comparison.firstDifference(
                (blobs.old[left.layer], left.offset),
                (blobs.new[right.layer], right.offset),
                count: left.size
            ) == nil
        }
        layerOfChange = changes.map { $0.new == nil ? nil : newTree.layer(of: $0.path) }
    }
}

extension ImageComparison {
    func lines(_ palette: Palette) -> [String] {
        let shared = zip(oldImage.config.diffIDs, newImage.config.diffIDs).prefix { $0 == $1 }.count
        let oldCount = oldImage.config.diffIDs.count
        let newCount = newImage.config.diffIDs.count
        var lines = [
            "\(palette.bold(old.title.neutralised)) \(old.identity.short) -> "
                + "\(palette.bold(new.title.neutralised)) \(new.identity.short)",
            "\(Counts.text(shared, "layer")) the same, \(oldCount - shared) replaced by \(newCount - shared)",
        ]
        let makers = newImage.config.layerMakers
        for layer in 0..<newCount {
            let own = changes.indices.filter { layerOfChange[$0] == layer }
            if own.isEmpty { continue }
            let size = Sizes.text(newImage.manifest.layers[layer].size)
            lines += ["", "layer \(layer + 1), \(size): \((makers[layer] ?? "").neutralised)"]
            lines += own.map { line(changes[$0], palette) } + ["  \(Self.summary(own.map { changes[$0] }))"]
        }
        let rest = changes.indices.filter { layerOfChange[$0] == nil }
        if !rest.isEmpty {
            lines += ["", "gone, or only implied:"] + rest.map { line(changes[$0], palette) }
            lines.append("  \(Self.summary(rest.map { changes[$0] }))")
        }
        return lines + ["", changes.isEmpty ? "the same files" : "in total: \(Self.summary(changes))"]
    }

    private func line(_ change: TreeChange, _ palette: Palette) -> String {
        let path = "/\(change.path)".neutralised
        switch (change.old, change.new) {
        case (nil, let new?): return "  \(palette.green("+")) \(path)" + size(of: new)
        case (let old?, nil): return "  \(palette.red("-")) \(path)" + size(of: old)
        default:
            let aspects = change.aspects.map(\.rawValue).joined(separator: ", ")
            let growth = change.aspects.contains(.content) ? " \(Sizes.change(change.growth))" : ""
            return "  \(palette.yellow("~")) \(path)\(growth) (\(aspects))"
        }
    }

    private func size(of entry: TarEntry) -> String { entry.kind == .regular ? "  \(Sizes.text(entry.size))" : "" }

    private static func summary(_ changes: [TreeChange]) -> String {
        let added = changes.filter { $0.old == nil }
        let removed = changes.filter { $0.new == nil }
        let changed = changes.filter { $0.old != nil && $0.new != nil }
        return [(added, "added"), (removed, "removed"), (changed, "changed")].filter { !$0.0.isEmpty }
            .map { list, word in "\(list.count) \(word) (\(Sizes.change(list.reduce(0) { $0 + $1.growth })))" }
            .joined(separator: ", ")
    }

    var document: JSONValue {
        .object([
            "old": side(old, oldImage),
            "new": side(new, newImage),
            "changes": .array(
                zip(changes, layerOfChange).map { change, layer in
                    .object([
                        "path": .string("/\(change.path)"),
                        "change": .string(change.old == nil ? "added" : change.new == nil ? "removed" : "changed"),
                        "aspects": change.aspects.isEmpty ? nil : .strings(change.aspects.map(\.rawValue)),
                        "oldSize": change.old.map { .integer($0.size) },
                        "newSize": change.new.map { .integer($0.size) },
                        "layer": layer.map { .string(newImage.config.diffIDs[$0].description) },
                    ])
                }
            ),
        ])
    }

    private func side(_ image: KnownImage, _ stored: StoredImage) -> JSONValue {
        .object([
            "project": .string(image.project), "image": .string(image.name),
            "version": image.version.map(JSONValue.string), "identity": .string(image.identity.description),
            "layers": .strings(stored.config.diffIDs.map(\.description)),
            "size": .integer(stored.manifest.layers.reduce(0) { $0 + $1.size }),
        ])
    }
}
