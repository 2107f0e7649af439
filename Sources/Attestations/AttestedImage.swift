package import Layers
package import OCI
package import SystemIO

/// An image as its bill of materials sees it: its config, and its files, read straight from its layers.
package struct AttestedImage {
    /// The digest of the config.
    package let identity: Digest
    /// T: seconds since 1970.
    package let created: Int64
    package let isMachine: Bool
    package let tree: MergedTree
    /// The layers' tars, in the tree's order.
    package let blobs: [Descriptor]

    package init(config: ImageConfig, isMachine: Bool, tree: MergedTree, blobs: [Descriptor]) {
        self.identity = config.identity
        self.created = config.created.flatMap { Timestamp.seconds($0) } ?? 0
        self.isMachine = isMachine
        self.tree = tree
        self.blobs = blobs
    }
}

extension AttestedImage {
    /// Why a file that should say something of the image does not.
    enum Unreadable: Error {
        case tooLarge
        case notAFile
    }

    /// The content of a small file, symlinks followed inside the root; nil where there is none.
    func read(_ path: EntryPath, limit: Int64) throws -> [UInt8]? {
        let place: EntryPath
        do {
            place = try tree.resolve(path)
        } catch {
            throw Unreadable.notAFile
        }
        guard tree.contains(place) else { return nil }
        guard let found = tree.contents(of: place) else { throw Unreadable.notAFile }
        guard found.size <= limit else { throw Unreadable.tooLarge }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(found.size))
        try forEachPiece(of: found) { bytes += $0 }
        return bytes
    }

    /// Hands on the content of a file in pieces.
    func forEachPiece(of file: MergedTree.Contents, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(min(max(file.size, 1), 256 * 1024)),
            alignment: 64
        )
        defer { buffer.deallocate() }
        var done: Int64 = 0
        while done < file.size {
            let room = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<Int(min(Int64(buffer.count), file.size - done))]
            )
            let count = try blobs[file.layer].read(into: room, at: file.offset + done)
            guard count > 0 else {
                throw LayerError(.changed, "layer \(file.layer + 1)", "ends before the content of its files does")
            }
            try body(UnsafeRawBufferPointer(rebasing: room[..<count]))
            done += Int64(count)
        }
    }
}
