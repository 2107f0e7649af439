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
    private let buffer: UnsafeMutableRawBufferPointer
    private var parentPath = EntryPath.root
    private var parent: Descriptor
    private var folders: [(entry: TarEntry, isOpaque: Bool)] = []

    init(_ root: Descriptor, archive: String, options: LayerUnpacker.Options) {
        self.root = root
        self.archive = archive
        self.options = options
        self.buffer = .allocate(byteCount: 256 * 1024, alignment: 64)
        self.parent = root
    }

    deinit { buffer.deallocate() }

    /// Makes a directory; an opaque one hides what the layers below have in it.
    mutating func makeFolder(_ entry: TarEntry, isOpaque: Bool) throws(LayerError) {
        if !entry.path.isRoot {
            try at(entry.path) { (parent, name) throws(SystemError) in try parent.makeFolder(named: name, mode: 0o700) }
        }
        folders.append((entry, isOpaque))
    }

    /// Makes a file with `entry.size` bytes of `source` from `offset` on.
    mutating func makeFile(_ entry: TarEntry, from source: Descriptor, at offset: Int64) throws(LayerError) {
        let (buffer, options) = (buffer, options)
        var missing = entry.size
        try at(entry.path) { (parent, name) throws(SystemError) in
            let file = try parent.openBelow(name, flags: O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, mode: 0o600)
            var position = offset
            while missing > 0 {
                let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(missing, Int64(buffer.count)))])
                let count = try source.read(into: room, at: position)
                if count == 0 { return }
                try file.write(UnsafeRawBufferPointer(rebasing: room[..<count]))
                position += Int64(count)
                missing -= Int64(count)
            }
            try file.setFacts(owner: entry.owner, group: entry.group, mode: entry.mode)
            for attribute in options.kept(entry.xattrs) { try file.setXattr(attribute.name, attribute.value) }
            try file.setModified(entry.modified)
        }
        guard missing == 0 else {
            throw LayerError(.malformed, archive, entry: entry.path, "the layer ends \(missing) bytes before its end")
        }
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
            try parent.setModified(entry.modified, of: name)
        }
    }

    /// Makes `path` a further name of `target`, which this writer made before.
    mutating func makeLink(_ path: EntryPath, to target: EntryPath) throws(LayerError) {
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

    /// Gives the directories their facts, the innermost first.
    consuming func finish() throws(LayerError) {
        for (entry, isOpaque) in folders.reversed() {
            let (root, options) = (root, options)
            try wrappingSystemError(archive, entry.path) { () throws(SystemError) in
                let folder = try root.openBelow(entry.path.bytes, flags: O_RDONLY | O_DIRECTORY)
                try folder.setFacts(owner: entry.owner, group: entry.group, mode: entry.mode)
                for attribute in options.kept(entry.xattrs) { try folder.setXattr(attribute.name, attribute.value) }
                if isOpaque { try folder.setXattr(options.opaqueAttribute, [UInt8(ascii: "y")]) }
                try folder.setModified(entry.modified)
            }
        }
    }

    /// Runs `body` with the open parent of `path`, which is kept for the next entry beside it.
    private mutating func at(
        _ path: EntryPath,
        _ body: (Descriptor, [UInt8]) throws(SystemError) -> Void
    ) throws(LayerError) {
        let folder = path.parent
        if folder != parentPath {
            let root = root
            parent = try wrappingSystemError(archive, path) { () throws(SystemError) in
                try root.openBelow(folder.bytes, flags: O_RDONLY | O_DIRECTORY)
            }
            parentPath = folder
        }
        let parent = parent
        try wrappingSystemError(archive, path) { () throws(SystemError) in try body(parent, Array(path.name)) }
    }
}
