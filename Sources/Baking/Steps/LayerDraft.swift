import Layers
import SystemIO

/// A layer that a step writes itself, without mount, root or runtime: what is to be in it, until it is written.
///
/// Places are resolved in the image's own tree, symlinks inside its root included, so that `/lib/x` lands in `/usr/lib/x`
/// where the image has it so. A folder that the image has keeps its owner and mode; missing ones are made, root's, 0755.
struct LayerDraft {
    /// Where the bytes of a file come from.
    enum Content {
        case none
        case bytes([UInt8])
        /// A file of the user's, opened when it is written, that must still have this digest.
        case input(open: () throws -> Descriptor, digest: Digest)
        /// A piece of a stored blob or of a spool file.
        case slice(Descriptor, offset: Int64)
    }

    struct Item {
        var entry: TarEntry
        var content: Content
    }

    let tree: MergedTree
    /// T, seconds since 1970.
    let timestamp: Int64
    let cancellation: CancellationFlag
    private(set) var items: [EntryPath: Item] = [:]

    init(tree: MergedTree, timestamp: Int64, cancellation: CancellationFlag) {
        self.tree = tree
        self.timestamp = timestamp
        self.cancellation = cancellation
    }

    /// Where `path` lies in the image, its folders made where they are missing.
    ///
    /// A final symlink is followed only where `followingFinal`, which is for folders that are copied into.
    mutating func place(_ path: String, followingFinal: Bool = false) throws -> EntryPath {
        let wanted = try EntryPath(path)
        if wanted.isRoot { return .root }
        let parent = try folder(wanted.parent)
        let place = try parent.appending(wanted.name)
        guard followingFinal, kind(at: place) == .symlink else { return place }
        return try tree.resolve(place, followFinal: true)
    }

    /// The folder at `path`, made with those above it where they are missing.
    mutating func folder(_ path: EntryPath) throws -> EntryPath {
        var current = EntryPath.root
        for component in path.components {
            var next = try current.appending(component)
            if kind(at: next) == .symlink, items[next] == nil {
                next = try tree.resolve(next, followFinal: true)
                if kind(at: next) == nil { next = try folder(next) }
            }
            switch kind(at: next) {
            case .directory: break
            case nil: try add(.directory(next, modified: timestamp))
            case .symlink: throw StepError("'/\(next)' is a symlink that this step makes itself, and is no folder")
            default: throw StepError("'/\(next)' is a file in the image, so nothing can be put below it")
            }
            current = next
        }
        return current
    }

    /// What is at a path, in this layer or below it.
    func kind(at path: EntryPath) -> EntryKind? {
        if path.isRoot { return .directory }
        return items[path]?.entry.kind ?? tree.entry(at: path)?.kind
    }

    /// Adds an entry in the place of one that the draft has; a name that means a whiteout is refused.
    mutating func add(_ entry: TarEntry, _ content: Content = .none) throws {
        guard !entry.path.name.starts(with: Whiteout.prefix) else {
            throw StepError("'/\(entry.path)' begins with '.wh.', which marks deleted files in a layer")
        }
        items[entry.path] = Item(entry: entry, content: content)
    }

    /// Takes a path of the image away.
    mutating func remove(_ path: EntryPath) {
        let whiteout = Whiteout.removal(path).entry(modified: timestamp)
        items[whiteout.path] = Item(entry: whiteout, content: .none)
    }

    /// Writes all of it, sorted, to the end of the tar; returns what was written.
    consuming func write(
        to write: @escaping (UnsafeRawBufferPointer) throws(SystemError) -> Void,
        name: String
    ) throws -> WrittenLayer {
        var writer = try TarWriter.open(name: name, write: write)
        for (_, item) in normalisedLinks(items).sorted(by: { $0.key < $1.key }) {
            try cancellation.check()
            switch item.content {
            case .none: try writer.append(item.entry)
            case .bytes(let bytes): try writer.append(item.entry, bytes: bytes)
            case .slice(let source, let offset): try writer.append(item.entry, slice: source, at: offset)
            case .input(let open, let digest): try append(item.entry, try open(), digest, to: &writer)
            }
        }
        return try writer.finish()
    }

    /// Appends a file of the user's, and makes sure that it is still what the plan digested.
    private func append(
        _ entry: TarEntry,
        _ file: Descriptor,
        _ digest: Digest,
        to writer: inout TarWriter
    ) throws {
        var digester = Digester()
        do {
            try writer.append(entry) { (buffer) throws(LayerError) in
                let count = try reading(entry.path) { () throws(SystemError) in try file.read(into: buffer) }
                digester.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                return count
            }
        } catch {
            guard error.problem == .changed else { throw error }
            throw StepError("'\(file.path)' changed while it was copied", fix: "bake again when nothing writes to it")
        }
        guard digester.finish() == digest else {
            throw StepError("'\(file.path)' changed while it was copied", fix: "bake again when nothing writes to it")
        }
    }
}

private func reading<Value>(
    _ path: EntryPath,
    _ body: () throws(SystemError) -> Value
) throws(LayerError) -> Value {
    do { return try body() } catch { throw LayerError(error, "the layer", entry: path) }
}

/// Of files that are hard links of one another the first in order has the content, and the others name it.
///
/// No link names another link.
private func normalisedLinks(_ items: [EntryPath: LayerDraft.Item]) -> [EntryPath: LayerDraft.Item] {
    var groups: [EntryPath: [EntryPath]] = [:]
    for (path, item) in items where item.entry.kind == .hardLink {
        if let target = item.entry.hardLinkTarget { groups[target, default: []].append(path) }
    }
    if groups.isEmpty { return items }
    var result = items
    for (target, links) in groups.sorted(by: { $0.key < $1.key }) {
        guard let first = links.min(), first < target, var file = items[target] else { continue }
        let mode = file.entry
        file.entry.path = first
        result[first] = file
        for link in links + [target] where link != first {
            result[link] = .init(entry: .hardLink(link, to: first, modified: mode.modified), content: .none)
        }
    }
    return result
}
