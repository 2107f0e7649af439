package import Layers
package import SystemIO

/// The tree that a list of layers makes, with its files' content, read straight from the layers.
package struct ImageRoot {
    package let tree: MergedTree
    /// The layers' tars, in the tree's order.
    package let blobs: [Descriptor]

    package init(tree: MergedTree, blobs: [Descriptor]) {
        self.tree = tree
        self.blobs = blobs
    }

    /// A small file of the image, symlinks followed inside its root; nil where there is none.
    ///
    /// Anything but a regular file, and more than `limit` bytes, is an error.
    package func contents(of path: String, limit: Int64) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        let isThere = try forEachPiece(of: path, limit: limit) { bytes.append(contentsOf: $0) }
        return isThere ? bytes : nil
    }

    /// The same of a large one, at most a mebibyte at a time; false where there is none.
    package func forEachPiece(
        of path: String,
        limit: Int64,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        let place = try tree.resolve(try EntryPath(path), followFinal: true)
        guard let entry = tree.entry(at: place) else { return false }
        guard entry.kind == .regular || entry.kind == .hardLink, let found = slice(at: place) else {
            throw StepError("'\(path)' of the image is no regular file")
        }
        guard found.size <= limit else {
            throw StepError("'\(path)' of the image has \(found.size) bytes, more than \(limit)")
        }
        try withUnsafeTemporaryAllocation(byteCount: Int(min(found.size, 1 << 20)), alignment: 16) { buffer in
            var done: Int64 = 0
            while done < found.size {
                let wanted = Int(min(found.size - done, Int64(buffer.count)))
                let count = try found.blob.read(into: .init(rebasing: buffer[..<wanted]), at: found.offset + done)
                guard count > 0 else { throw StepError("the layer that holds '\(path)' ends too early") }
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                done += Int64(count)
            }
        }
        return true
    }

    /// Where the bytes of a regular file are.
    package func slice(at path: EntryPath) -> (blob: Descriptor, offset: Int64, size: Int64)? {
        tree.contents(of: path).map { (blobs[$0.layer], $0.offset, $0.size) }
    }
}
