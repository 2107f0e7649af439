import Disks
import OCI
import Reporting
import SystemIO

/// The disks of two machine images, block by block.
struct BlockComparison {
    let old: KnownImage
    let new: KnownImage
    let maps: (old: BlockMap, new: BlockMap)
    let difference: BlockMap.Difference

    init(_ old: (image: KnownImage, map: BlockMap), _ new: (image: KnownImage, map: BlockMap)) {
        self.old = old.image
        self.new = new.image
        maps = (old.map, new.map)
        difference = old.map.difference(to: new.map)
    }

    func lines(_ palette: Palette) -> [String] {
        [
            "\(palette.bold(old.title.neutralised)) \(old.identity.short) -> "
                + "\(palette.bold(new.title.neutralised)) \(new.identity.short)",
            "\(Counts.text(difference.count, "block")) of 512 KiB differ\(difference.count == 1 ? "s" : ""): \(difference.changed.count) changed, "
                + "\(difference.added.count) added, \(difference.removed.count) removed",
            "\(Counts.text(maps.old.blocks.count, "block")) in use on the old disk, \(maps.new.blocks.count) on the new one",
        ]
    }

    var document: JSONValue {
        func side(_ image: KnownImage, _ map: BlockMap) -> JSONValue {
            .object([
                "name": .string(image.name), "version": image.version.map(JSONValue.string),
                "identity": .string(image.identity.description), "size": .integer(map.size),
                "blocks": .integer(Int64(map.blocks.count)),
            ])
        }
        func places(_ blocks: [Int]) -> JSONValue { .array(blocks.map { .integer(Int64($0)) }) }
        return .object([
            "old": side(old, maps.old), "new": side(new, maps.new), "blockSize": .integer(Int64(BlockMap.blockSize)),
            "changed": places(difference.changed), "added": places(difference.added),
            "removed": places(difference.removed),
        ])
    }
}
