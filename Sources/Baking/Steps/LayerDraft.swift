import Layers
import Planning
import SystemIO

/// A layer that a step writes itself, without mount, root or runtime: what is to be in it, until it is written.
///
/// Places are resolved in the image's own tree, symlinks inside its root included, so that `/lib/x` lands in `/usr/lib/x`
/// where the image has it so. A folder that the image has keeps its owner and mode; missing ones are made, root's, 0755.
struct LayerDraft {
    /// Where the bytes of a file come from.
    enum Content {
        case none
        /// What `keep` was given.
        case bytes(Int32)
        /// A file of the user's, opened when it is written, that must still have the digest of the plan.
        case input(source: Int32, entry: Int32)
        /// A piece of a stored blob or of a spool file: of the file of that number.
        case slice(offset: Int64, file: Int32)
    }

    /// A file or folder of the user's that is copied from.
    struct Source {
        let opened: Descriptor
        let entries: InputTree.Entries
    }

    let tree: MergedTree
    /// T, seconds since 1970.
    let timestamp: Int64
    let cancellation: CancellationFlag
    private var items = DraftItems()
    private var sources: [Source] = []
    private var files: [Descriptor] = []
    private var texts: [[UInt8]] = []
    /// The folder that was asked for last, since what follows is mostly in the same.
    private var lastFolder: (wanted: EntryPath, found: EntryPath)?

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
        if let lastFolder, lastFolder.wanted == path { return lastFolder.found }
        var current = EntryPath.root
        for component in path.components {
            var next = try current.appending(component)
            if kind(at: next) == .symlink, !isMade(next) {
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
        lastFolder = (path, current)
        return current
    }

    /// Whether the draft itself has something at a path.
    func isMade(_ path: EntryPath) -> Bool { items.index(of: path) != nil }

    /// What is at a path, in this layer or below it.
    func kind(at path: EntryPath) -> EntryKind? {
        if path.isRoot { return .directory }
        return items.index(of: path).map { items.entries.kind(at: $0) } ?? tree.entry(at: path)?.kind
    }

    /// Whether the image has something at a path, symlinks followed.
    func hasFile(_ path: String) throws -> Bool {
        tree.entry(at: try tree.resolve(try EntryPath(path), followFinal: true)) != nil
    }

    /// Adds an entry in the place of one that the draft has; a name that means a whiteout is refused.
    mutating func add(_ entry: TarEntry, _ content: Content = .none) throws {
        guard !entry.path.name.starts(with: Whiteout.prefix) else {
            throw StepError("'/\(entry.path)' begins with '.wh.', which marks deleted files in a layer")
        }
        items.set(entry, content)
    }

    /// The content that is a piece of an open file.
    mutating func slice(_ file: Descriptor, offset: Int64) -> Content {
        // Most are of the file before.
        if let number = files.lastIndex(where: { $0 === file }) { return .slice(offset: offset, file: Int32(number)) }
        files.append(file)
        return .slice(offset: offset, file: Int32(files.count - 1))
    }

    /// The content that is these bytes.
    mutating func keep(_ bytes: [UInt8]) -> Content {
        texts.append(bytes)
        return .bytes(Int32(texts.count - 1))
    }

    /// Makes the files of a source known; the number is for `Content.input`.
    mutating func addSource(_ opened: Descriptor, _ tree: InputTree) -> Int32 {
        sources.append(Source(opened: opened, entries: tree.entries))
        return Int32(sources.count - 1)
    }

    /// Takes a path of the image away.
    mutating func remove(_ path: EntryPath) {
        let whiteout = Whiteout.removal(path).entry(modified: timestamp)
        items.set(whiteout, .none)
    }

    /// Writes all of it, sorted, to the end of the tar; returns what was written.
    consuming func write(
        to write: @escaping (UnsafeRawBufferPointer) throws(SystemError) -> Void,
        name: String
    ) throws -> WrittenLayer {
        var writer = try TarWriter.open(name: name, write: write)
        items.normaliseLinks()
        for index in items.sorted() {
            try cancellation.check()
            let entry = items.entries[Int(index)].entry
            switch items.content(at: Int(index)) {
            case .none: try writer.append(entry)
            case .bytes(let text): try writer.append(entry, bytes: texts[Int(text)])
            case .slice(let offset, let file): try writer.append(entry, slice: files[Int(file)], at: offset)
            case .input(let source, let position):
                let source = sources[Int(source)]
                let input = source.entries[Int(position)]
                guard case .file(let digest, _, _) = input.content else {
                    preconditionFailure("only a file is copied by its content")
                }
                try append(entry, try openBelow(source.opened, input.path), digest, to: &writer)
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
