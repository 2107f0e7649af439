package import Disks
package import OCI
import SystemIO

extension BlockMap {
    /// As a document: the bytes of the disk and of a block, and for each block its place and the SHA-256 of its content.
    package var document: JSONValue {
        .object([
            "size": .integer(size), "blockSize": .integer(Int64(Self.blockSize)),
            "blocks": .array(
                blocks.map { .object(["index": .integer(Int64($0.index)), "sha256": .string($0.digest.hex)]) }
            ),
        ])
    }

    /// Reads such a document; nil for any other.
    package init?(document: JSONValue) {
        guard let size = document["size"]?.integerValue, size > 0,
            document["blockSize"]?.integerValue == Int64(Self.blockSize), let list = document["blocks"]?.arrayValue
        else { return nil }
        var blocks: [Block] = []
        for entry in list {
            guard let index = entry["index"]?.integerValue,
                let digest = entry["sha256"]?.stringValue.flatMap(Digest.init(hex:)),
                index > Int64(blocks.last?.index ?? -1), index * Int64(Self.blockSize) < size
            else { return nil }
            blocks.append(Block(index: Int(index), digest: digest))
        }
        self.init(size: size, blocks: blocks)
    }
}
