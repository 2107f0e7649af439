/// Directories of one layer that lie elsewhere, since a layer below has a symlink there.
///
/// No redirected path lies below another one: a symlink has nothing below it.
package struct Redirections: Sendable, Hashable {
    private var targets: [EntryPath: EntryPath] = [:]
    /// The redirected paths in their order.
    private var paths: [EntryPath] = []

    init() {}

    /// Where a redirected directory lies; nil for any other path.
    package subscript(_ path: EntryPath) -> EntryPath? { targets[path] }

    mutating func add(_ found: [EntryPath: EntryPath]) {
        targets.merge(found) { _, new in new }
        paths = targets.keys.sorted()
    }

    /// Where the entry at a path of the layer comes to lie.
    func place(_ path: EntryPath, name: String) throws(LayerError) -> EntryPath {
        var result = path
        var steps = 0
        while let folder = folder(above: result), let target = targets[folder] {
            steps += 1
            guard steps <= MergedTree.maximumLinks else {
                throw LayerError(.hostile, name, entry: path, "lies below a loop of symlinks")
            }
            let rest = result.bytes[(folder.bytes.count + 1)...]
            do { result = try target.appending(rest) } catch {
                throw LayerError(.limit, name, entry: path, error.message)
            }
        }
        return result
    }

    /// The redirected path that `path` lies below: what is below a path comes right after it in the order.
    private func folder(above path: EntryPath) -> EntryPath? {
        var low = 0
        var high = paths.count
        while low < high {
            let middle = (low + high) / 2
            if paths[middle] < path { low = middle + 1 } else { high = middle }
        }
        guard low > 0, path.isBelow(paths[low - 1]) else { return nil }
        return paths[low - 1]
    }
}
