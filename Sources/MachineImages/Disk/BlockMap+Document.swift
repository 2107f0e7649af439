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
}
