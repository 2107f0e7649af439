import Glibc
import SystemIO

/// Makes a tree in an empty private folder, entry by entry in the order of paths, below it by construction.
///
/// Every call starts from the open folder and follows no symlink. Nothing is opened that is not a file or a directory
/// made here. Directories get their facts at the end, when nothing changes in them any more.
struct FolderWriter: ~Copyable {
    private let root: Descriptor
    private let archive: String
    private let options: LayerUnpacker.Options
    private var files: FileMaker
    /// Hard links, which have to wait until the files are made.
    private var links: [(path: EntryPath, target: EntryPath)] = []
    private var parentPath = EntryPath.root
    private var parent: Descriptor
    private var folders: [(entry: TarEntry, isOpaque: Bool)] = []

    init(_ root: Descriptor, archive: String, options: LayerUnpacker.Options) {
        self.root = root
        self.archive = archive
        self.options = options
        self.files = FileMaker(archive: archive, options: options)
        self.parent = root
    }

    /// Makes a directory; an opaque one hides what the layers below have in it.
    mutating func makeFolder(_ entry: TarEntry, isOpaque: Bool) throws(LayerError) {
        if !entry.path.isRoot {
            try at(entry.path) { (parent, name) throws(SystemError) in try parent.makeFolder(named: name, mode: 0o700) }
        }
        folders.append((entry, isOpaque))
    }

    /// Makes a file with `entry.size` bytes of `source` from `offset` on; it may be there only after `finish`.
    mutating func makeFile(_ entry: TarEntry, from source: Descriptor, at offset: Int64) throws(LayerError) {
        try files.make(entry, in: try openParent(of: entry.path), from: source, at: offset)
    }

    /// Makes a symlink, a device or a FIFO.
    mutating func makeSpecial(_ entry: TarEntry) throws(LayerError) {
        let options = options
        let isDevice = entry.kind == .characterDevice || entry.kind == .blockDevice
        if isDevice, options.deviceNodes == .skip { return }
        try at(entry.path) { (parent, name) throws(SystemError) in
            if entry.kind == .symlink {
                try parent.makeSymlink(named: name, to: entry.linkTarget)
            } else {
                try parent.makeNode(
                    named: name,
                    format: entry.kind.formatBits,
                    major: entry.deviceMajor,
                    minor: entry.deviceMinor
                )
            }
            let mode = entry.kind == .symlink ? nil : entry.mode
            try parent.setFacts(of: name, owner: entry.owner, group: entry.group, mode: mode)
            for attribute in options.kept(entry.xattrs) {
                try parent.setXattr(attribute.name, attribute.value, of: name)
            }
            try parent.setModified(entry.modified, nanoseconds: entry.nanoseconds, of: name)
        }
    }

    /// Makes `path` a further name of `target`, which this writer made before, with `finish`.
    mutating func makeLink(_ path: EntryPath, to target: EntryPath) { links.append((path, target)) }

    private mutating func makeNow(_ path: EntryPath, linkTo target: EntryPath) throws(LayerError) {
        let (root, archive) = (root, archive)
        let folder = try wrappingSystemError(archive, path) { () throws(SystemError) in
            try root.openBelow(target.parent.bytes, flags: O_RDONLY | O_DIRECTORY)
        }
        try at(path) { (parent, name) throws(SystemError) in
            try parent.makeLink(named: name, to: Array(target.name), in: folder)
        }
    }

    /// Makes the character device 0:0 by which overlayfs hides a name of the layers below.
    mutating func makeWhiteout(_ path: EntryPath) throws(LayerError) {
        try at(path) { (parent, name) throws(SystemError) in try parent.makeNode(named: name, format: S_IFCHR) }
    }

    /// Waits for the files, makes the hard links, and gives the directories their facts, the innermost first.
    consuming func finish() throws(LayerError) {
        try files.finish()
        for (path, target) in links { try makeNow(path, linkTo: target) }
        for (entry, isOpaque) in folders.reversed() {
            let (root, options) = (root, options)
            try wrappingSystemError(archive, entry.path) { () throws(SystemError) in
                let folder = try root.openBelow(entry.path.bytes, flags: O_RDONLY | O_DIRECTORY)
                try folder.setFacts(owner: entry.owner, group: entry.group, mode: entry.mode)
                for attribute in options.kept(entry.xattrs) { try folder.setXattr(attribute.name, attribute.value) }
                if isOpaque { try folder.setXattr(options.opaqueAttribute, [UInt8(ascii: "y")]) }
                try folder.setModified(entry.modified, nanoseconds: entry.nanoseconds)
            }
        }
    }

    /// Runs `body` with the open parent of `path`.
    private mutating func at(
        _ path: EntryPath,
        _ body: (Descriptor, [UInt8]) throws(SystemError) -> Void
    ) throws(LayerError) {
        let parent = try openParent(of: path)
        try wrappingSystemError(archive, path) { () throws(SystemError) in try body(parent, Array(path.name)) }
    }

    /// The open parent of `path`, which is kept for the next entry beside it.
    private mutating func openParent(of path: EntryPath) throws(LayerError) -> Descriptor {
        let folder = path.parent
        if folder != parentPath {
            let root = root
            parent = try wrappingSystemError(archive, path) { () throws(SystemError) in
                try root.openBelow(folder.bytes, flags: O_RDONLY | O_DIRECTORY)
            }
            parentPath = folder
        }
        return parent
    }
}
