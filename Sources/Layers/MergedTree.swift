/// The tree that a list of layers makes, as facts: no file system is touched.
///
/// Upper layers replace, and take away by whiteouts, what is in the layers below, never what is in the same layer.
/// A directory that is only implied by what is in it is shown as `0755` of root, time 0. Entries are in the order of
/// `EntryPath`. An entry below a symlink of a lower layer comes to lie where the symlink leads inside the root.
package struct MergedTree: Sendable {
    struct Node: Sendable {
        let path: EntryPath
        let layer: Int32
        /// The item in the listing of the layer; -1 for an implied directory.
        let item: Int32
        /// The index behind the last node that is below this one.
        var end: Int32 = 0
    }

    /// Where the content of a file lies: in the uncompressed tar of a layer.
    package struct Contents: Hashable, Sendable {
        /// Index in the list of layers, 0 is the lowest.
        package let layer: Int
        package let offset: Int64
        package let size: Int64
    }

    /// What two names share that are hard links of one file.
    package struct FileIdentity: Hashable, Sendable {
        package let layer: Int
        package let item: Int
    }

    package let listings: [LayerListing]
    private(set) var nodes: [Node]
    /// For each layer: hard link item to the item that holds the content.
    private let origins: [[Int: Int]]
    /// For each layer: directories that lie elsewhere, since a layer below has a symlink there.
    package let redirections: [Redirections]

    /// Merges from the lowest layer to the highest; `names` are for messages.
    package init(layers: [LayerListing], names: [String] = []) throws(LayerError) {
        self = try MergedTree(
            listings: [],
            nodes: [Node(path: .root, layer: 0, item: -1, end: 1)],
            origins: [],
            redirections: []
        )
        .adding(layers, names: names)
    }

    private init(
        listings: [LayerListing],
        nodes: [Node],
        origins: [[Int: Int]],
        redirections: [Redirections]
    ) {
        self.listings = listings
        self.nodes = nodes
        self.origins = origins
        self.redirections = redirections
    }

    /// The tree with further layers on top.
    package func adding(_ layers: [LayerListing], names: [String] = []) throws(LayerError) -> MergedTree {
        var tree = self
        for (offset, listing) in layers.enumerated() {
            let name = offset < names.count ? names[offset] : "layer \(listings.count + offset + 1)"
            tree = try tree.adding(listing, name: name)
        }
        tree.nodes = Self.indexed(tree.nodes)
        return tree
    }

    /// One more layer; where subtrees end is not filled in.
    private func adding(_ listing: LayerListing, name: String) throws(LayerError) -> MergedTree {
        var redirections = Redirections()
        // One round for each symlink that a path leads through, however many symlinks the layers below have.
        for _ in 0...Self.maximumLinks {
            let known = redirections
            let changes = try LayerChanges(listing, name: name) { (path) throws(LayerError) in
                try known.place(path, name: name)
            }
            // Only what the layer itself does not define can be seen through from above.
            let through = changes.changes.filter { change in
                change.isImplicit && change.item == nil && !change.removes
                    && node(at: change.path).map { !isDirectory($0) } == true
            }
            if through.isEmpty {
                return MergedTree(
                    listings: listings + [listing],
                    nodes: merged(with: changes, layer: Int32(listings.count)),
                    origins: origins + [changes.origins],
                    redirections: self.redirections + [redirections]
                )
            }
            var found: [EntryPath: EntryPath] = [:]
            for change in through {
                let target = try resolve(change.path)
                guard entry(at: target)?.kind ?? .directory == .directory, known[change.path] == nil else {
                    let message = "has entries below '\(change.path)', which is not a directory in the layers below"
                    throw LayerError(.hostile, name, message)
                }
                found[change.path] = target
            }
            redirections.add(found)
        }
        let message = "has entries that lead through more than \(Self.maximumLinks) symlinks of the layers below"
        throw LayerError(.hostile, name, message)
    }

    /// As many as Linux follows: MAXSYMLINKS.
    static let maximumLinks = 40
}

extension MergedTree {
    /// Replaces, adds and takes away in one pass; both sides are sorted.
    private func merged(with changes: LayerChanges, layer: Int32) -> [Node] {
        var result: [Node] = []
        result.reserveCapacity(nodes.count + changes.changes.count)
        var place = 0
        for change in changes.changes {
            let next = lowerBound(of: change.path, from: place)
            result += nodes[place..<next]
            place = next
            let lower: Node? = place < nodes.count && nodes[place].path == change.path ? nodes[place] : nil
            let keepsChildren =
                lower.map { isDirectory($0) } == true && change.isDirectory && !change.removes && !change.isOpaque
            if let item = change.item {
                result.append(Node(path: change.path, layer: layer, item: Int32(item)))
            } else if change.isImplicit {
                if let lower, isDirectory(lower), !change.removes {
                    result.append(lower)
                } else {
                    result.append(Node(path: change.path, layer: layer, item: -1))
                }
            }
            if lower != nil { place = keepsChildren ? place + 1 : endOfSubtree(at: place) }
        }
        result += nodes[place...]
        return result
    }

    /// The index behind the last node below the one at `index`, found without the index of subtrees.
    private func endOfSubtree(at index: Int) -> Int {
        let folder = nodes[index].path
        var low = index + 1
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].path.isBelow(folder) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Fills in where the subtree of each node ends.
    private static func indexed(_ nodes: [Node]) -> [Node] {
        var result = nodes
        var open: [Int] = []
        for index in result.indices {
            while let last = open.last, !result[index].path.isBelow(result[last].path) {
                result[last].end = Int32(index)
                open.removeLast()
            }
            open.append(index)
        }
        for index in open { result[index].end = Int32(result.count) }
        return result
    }

    /// The first index, not before `start`, whose path is not less than `path`.
    func lowerBound(of path: EntryPath, from start: Int = 0) -> Int {
        var low = start
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].path < path { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func index(of path: EntryPath) -> Int? {
        let index = lowerBound(of: path)
        return index < nodes.count && nodes[index].path == path ? index : nil
    }

    func node(at path: EntryPath) -> Node? { index(of: path).map { nodes[$0] } }

    func isDirectory(_ node: Node) -> Bool {
        node.item < 0 || listings[Int(node.layer)].items[Int(node.item)].entry.kind == .directory
    }

    /// The item that holds the facts and the content: of a hard link the one it was made from.
    func origin(of node: Node) -> (item: LayerListing.Item, identity: FileIdentity)? {
        guard node.item >= 0 else { return nil }
        let index = origins[Int(node.layer)][Int(node.item)] ?? Int(node.item)
        return (listings[Int(node.layer)].items[index], FileIdentity(layer: Int(node.layer), item: index))
    }

    func entry(of node: Node) -> TarEntry {
        guard var entry = origin(of: node)?.item.entry else { return .directory(node.path) }
        entry.path = node.path
        return entry
    }
}
