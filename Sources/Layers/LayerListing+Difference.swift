extension LayerListing {
    /// What leads from this layer to `other`, in the order of the paths; a whiteout counts as the file that it is.
    ///
    /// `sameContent` compares regular files of equal size. Nothing is found where only the order of the entries or the
    /// form of their headers differs.
    package func changes(
        to other: LayerListing,
        sameContent: (Item, Item) throws -> Bool
    ) rethrows -> [TreeChange] {
        // Of two entries with one path the later one counts, as it does when the tar is unpacked.
        let old = Dictionary(items.map { ($0.entry.path, $0) }) { _, last in last }
        let new = Dictionary(other.items.map { ($0.entry.path, $0) }) { _, last in last }
        var result: [TreeChange] = []
        for path in Set(old.keys).union(new.keys).sorted() {
            let (left, right) = (old[path], new[path])
            var aspects: [TreeChange.Aspect] = []
            if let left, let right {
                aspects = try TreeChange.aspects(left.entry, right.entry) { try sameContent(left, right) }
                if aspects.isEmpty { continue }
            }
            result.append(TreeChange(path: path, old: left?.entry, new: right?.entry, aspects: aspects))
        }
        return result
    }
}
