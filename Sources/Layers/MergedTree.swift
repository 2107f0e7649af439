import SystemIO

/// The tree that a list of layers makes, as facts: no file system is touched.
///
/// Upper layers replace, and take away by whiteouts, what is in the layers below, never what is in the same layer.
/// A directory that is only implied by what is in it is shown as `0755` of root, time 0. Entries are in the order of
/// `EntryPath`. An entry below a symlink of a lower layer comes to lie where the symlink leads inside the root.
package struct MergedTree: Sendable {
    struct Node: Sendable {
        let layer: Int32
        /// The item in the listing of the layer; -1 for an implied directory.
        let item: Int32
        /// The number of its path in `paths`; -1 where it is the item's own.
        let path: Int32
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

        package init(layer: Int, item: Int) {
            self.layer = layer
            self.item = item
        }
    }

    package let listings: [LayerListing]
    private(set) var nodes: Pieces<Node>
    /// Paths of implied directories, and of entries that lie elsewhere than their layer says.
    private var paths: [EntryPath]
    /// For each layer: hard link item to the item that holds the content.
    private let origins: [[Int: Int]]
    /// For each layer: directories that lie elsewhere, since a layer below has a symlink there.
    package let redirections: [Redirections]

    /// Merges from the lowest layer to the highest; `names` are for messages.
    package init(layers: [LayerListing], names: [String] = []) throws(LayerError) {
        self = try MergedTree(
            listings: [],
            nodes: Pieces([Node(layer: 0, item: -1, path: 0, end: 1)]),
            paths: [.root],
            origins: [],
            redirections: []
        )
        .adding(layers, names: names)
    }

    private init(
        listings: [LayerListing],
        nodes: Pieces<Node>,
        paths: [EntryPath],
        origins: [[Int: Int]],
        redirections: [Redirections]
    ) {
        self.listings = listings
        self.nodes = nodes
        self.paths = paths
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
        tree.index()
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
                var paths = paths
                let nodes = merged(with: changes, layer: Int32(listings.count), &paths)
                return MergedTree(
                    listings: listings + [listing],
                    nodes: nodes,
                    paths: paths,
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
    ///
    /// Paths that no listing has are added to `paths`.
    private func merged(with changes: LayerChanges, layer: Int32, _ paths: inout [EntryPath]) -> Pieces<Node> {
        var result = Pieces<Node>()
        var place = 0
        for change in changes.changes {
            let next = lowerBound(of: change.path, from: place)
            for index in place..<next { result.append(nodes[index]) }
            place = next
            let lower: Node? = place < nodes.count && isNode(nodes[place], at: change.path) ? nodes[place] : nil
            let keepsChildren =
                lower.map { isDirectory($0) } == true && change.isDirectory && !change.removes && !change.isOpaque
            if let item = change.item {
                if !change.isInPlace { paths.append(change.path) }
                let path = change.isInPlace ? -1 : Int32(paths.count - 1)
                result.append(Node(layer: layer, item: Int32(item), path: path))
            } else if change.isImplicit {
                if let lower, isDirectory(lower), !change.removes {
                    result.append(lower)
                } else {
                    paths.append(change.path)
                    result.append(Node(layer: layer, item: -1, path: Int32(paths.count - 1)))
                }
            }
            if lower != nil { place = keepsChildren ? place + 1 : endOfSubtree(at: place) }
        }
        for index in place..<nodes.count { result.append(nodes[index]) }
        return result
    }

    /// The index behind the last node below the one at `index`, found without the index of subtrees.
    private func endOfSubtree(at index: Int) -> Int {
        let folder = path(of: nodes[index])
        var low = index + 1
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if isBelow(nodes[middle], folder) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Fills in where the subtree of each node ends.
    private mutating func index() {
        var open: [(index: Int, path: EntryPath)] = []
        for index in nodes.indices {
            while let last = open.last, !isBelow(nodes[index], last.path) {
                nodes[last.index].end = Int32(index)
                open.removeLast()
            }
            // Nothing is below a file.
            if isDirectory(nodes[index]) {
                open.append((index, path(of: nodes[index])))
            } else {
                nodes[index].end = Int32(index + 1)
            }
        }
        for last in open { nodes[last.index].end = Int32(nodes.count) }
    }

    func path(of node: Node) -> EntryPath {
        node.path < 0 ? listings[Int(node.layer)].items.path(at: Int(node.item)) : paths[Int(node.path)]
    }

    private func withPath<Value>(of node: Node, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        node.path < 0
            ? listings[Int(node.layer)].items.withPath(at: Int(node.item), body)
            : paths[Int(node.path)].bytes.withUnsafeBytes(body)
    }

    private func isBelow(_ node: Node, _ folder: EntryPath) -> Bool {
        withPath(of: node) { path in folder.bytes.withUnsafeBytes { EntryPath.isBelow(path, $0) } }
    }

    private func isNode(_ node: Node, at path: EntryPath) -> Bool {
        withPath(of: node) { $0.elementsEqual(path.bytes) }
    }

    /// The first index, not before `start`, whose path is not less than `path`.
    func lowerBound(of path: EntryPath, from start: Int = 0) -> Int {
        var low = start
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            let isBefore = withPath(of: nodes[middle]) { own in
                path.bytes.withUnsafeBytes { EntryPath.precedes(own, $0) }
            }
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func index(of path: EntryPath) -> Int? {
        let index = lowerBound(of: path)
        return index < nodes.count && isNode(nodes[index], at: path) ? index : nil
    }

    func node(at path: EntryPath) -> Node? { index(of: path).map { nodes[$0] } }

    func isDirectory(_ node: Node) -> Bool {
        node.item < 0 || listings[Int(node.layer)].items.kind(at: Int(node.item)) == .directory
    }

    /// The files that may have several names.
    var linkedFiles: Set<FileIdentity> {
        var result: Set<FileIdentity> = []
        for (layer, links) in origins.enumerated() {
            for item in links.values { result.insert(FileIdentity(layer: layer, item: item)) }
        }
        return result
    }

    /// The item that holds the facts and the content: of a hard link the one it was made from.
    func origin(of node: Node) -> (item: LayerListing.Item, identity: FileIdentity)? {
        identity(of: node).map { (listings[$0.layer].items[$0.item], $0) }
    }

    /// Where that is.
    func identity(of node: Node) -> FileIdentity? {
        guard node.item >= 0 else { return nil }
        let origins = origins[Int(node.layer)]
        let item = origins.isEmpty ? nil : origins[Int(node.item)]
        return FileIdentity(layer: Int(node.layer), item: item ?? Int(node.item))
    }

    func entry(of node: Node) -> TarEntry {
        guard var entry = origin(of: node)?.item.entry else { return .directory(path(of: node)) }
        entry.path = path(of: node)
        return entry
    }
}
