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
        let place = try tree.resolve(try EntryPath(path), followFinal: true)
        guard let entry = tree.entry(at: place) else { return nil }
        guard entry.kind == .regular || entry.kind == .hardLink, let found = slice(at: place) else {
            throw StepError("'\(path)' of the image is no regular file")
        }
        guard found.size <= limit else {
            throw StepError("'\(path)' of the image has \(found.size) bytes, more than \(limit)")
        }
        var bytes = [UInt8](repeating: 0, count: Int(found.size))
        var done = 0
        while done < bytes.count {
            let count = try bytes.withUnsafeMutableBytes {
                try found.blob.read(into: .init(rebasing: $0[done...]), at: found.offset + Int64(done))
            }
            guard count > 0 else { throw StepError("the layer that holds '\(path)' ends too early") }
            done += count
        }
        return bytes
    }

    /// Where the bytes of a regular file are.
    package func slice(at path: EntryPath) -> (blob: Descriptor, offset: Int64, size: Int64)? {
        tree.contents(of: path).map { (blobs[$0.layer], $0.offset, $0.size) }
    }
}
