import Glibc
package import SystemIO
import SystemPackage

/// Packs a folder into a layer: sorted, times clamped, hard links found, nothing of the host's in it.
package struct LayerPacker {
    package enum Source: Sendable {
        /// The upper folder of an overlayfs mount: its marks become whiteouts.
        case overlayUpper
        /// A tree as it is.
        case folder
    }

    package struct Options {
        package var source: Source
        /// No modification time is later than this: seconds since 1970.
        package var latestTime: Int64
        /// The entry of the root itself, too.
        package var includesRoot: Bool
        /// Leaves a path out, with all below it; of a whiteout the path that it takes away.
        package var excludes: (EntryPath) -> Bool
        /// Whether an opaque directory of an overlay hides something; one that does not is written as a plain one.
        ///
        /// Asked for parents first.
        package var hidesSomething: (EntryPath) -> Bool

        package init(
            source: Source,
            latestTime: Int64,
            includesRoot: Bool = false,
            excludes: @escaping (EntryPath) -> Bool = { _ in false },
            hidesSomething: @escaping (EntryPath) -> Bool = { _ in true }
        ) {
            self.source = source
            self.latestTime = latestTime
            self.includesRoot = includesRoot
            self.excludes = excludes
            self.hidesSomething = hidesSomething
        }
    }

    /// Appends all of `folder` to `writer`.
    ///
    /// Sockets are left out, since a tar has no form for them. Devices and FIFOs are never opened.
    package static func pack(
        _ folder: Descriptor,
        options: Options,
        into writer: inout TarWriter
    ) throws(LayerError) {
        try pack(folder, options: options, archive: writer.name, into: &writer)
    }

    /// Finds and opens all that is in `folder`, in order; `archive` is what messages call the whole.
    static func pack(
        _ folder: Descriptor,
        options: Options,
        archive: String,
        into taker: inout some EntryTaker & ~Copyable
    ) throws(LayerError) {
        var packer = LayerPacker(root: folder, options: options, archive: archive)
        try packer.packAll(into: &taker)
    }

    let root: Descriptor
    let options: Options
    let archive: String
    /// The first names of files that have several, by device and inode.
    private var firstNames: [FileKey: EntryPath] = [:]
    /// Folders that have been begun, the innermost last.
    private var open: [Frame] = []
    /// Deeper folders are opened again when the walk comes back to them: a tree may be deeper than a process may have
    /// files open.
    private static let mostOpen = 64

    private init(root: Descriptor, options: Options, archive: String) {
        self.root = root
        self.options = options
        self.archive = archive
    }

    private struct FileKey: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// A name in a folder, as the layer says it with its path, and as the file system has it.
    private struct Name {
        let path: EntryPath
        let actual: [UInt8]
        let kind: FileKind
        let isWhiteout: Bool
    }

    private struct Frame {
        let path: EntryPath
        let names: [Name]
        let folder: Descriptor?
        var next = 0
    }

    private mutating func packAll(into taker: inout some EntryTaker & ~Copyable) throws(LayerError) {
        let status = try system(.root) { () throws(SystemError) in try root.status() }
        let rootXattrs = try xattrs(of: root, named: nil, .root)
        if options.includesRoot { try taker.take(entry(.root, status, rootXattrs), nil) }
        try begin(.root, root, isOpaque: isOpaque(rootXattrs))
        while let frame = open.last {
            let folder = try system(frame.path) { () throws(SystemError) in
                if let folder = frame.folder { return folder }
                return try root.openBelow(frame.path.bytes, flags: O_RDONLY | O_DIRECTORY)
            }
            try packNames(of: folder, into: &taker)
        }
    }

    /// Packs the rest of the innermost folder, until it ends or a folder in it is begun.
    private mutating func packNames(
        of folder: Descriptor,
        into taker: inout some EntryTaker & ~Copyable
    ) throws(LayerError) {
        let depth = open.count - 1
        while open[depth].next < open[depth].names.count {
            let name = open[depth].names[open[depth].next]
            open[depth].next += 1
            let path = name.path
            if name.isWhiteout {
                try taker.take(.regular(path, size: 0, mode: 0, modified: options.latestTime), nil)
            } else if name.kind == .directory {
                try packFolder(path, name, in: folder, into: &taker)
                if open.count - 1 > depth { return }
            } else if name.kind == .regular {
                try packFile(path, name, in: folder, into: &taker)
            } else {
                try packSpecial(path, name, in: folder, into: &taker)
            }
        }
        open.removeLast()
    }

    private mutating func packFolder(
        _ path: EntryPath,
        _ name: Name,
        in parent: Descriptor,
        into taker: inout some EntryTaker & ~Copyable
    ) throws(LayerError) {
        let (folder, status) = try opened(path, name, in: parent)
        let found = try xattrs(of: folder, named: nil, path)
        try taker.take(entry(path, status, found), nil)
        try begin(path, folder, isOpaque: isOpaque(found))
    }

    private mutating func packFile(
        _ path: EntryPath,
        _ name: Name,
        in folder: Descriptor,
        into taker: inout some EntryTaker & ~Copyable
    ) throws(LayerError) {
        let (file, status) = try opened(path, name, in: folder)
        if let link = link(path, status) { return try taker.take(link, nil) }
        try taker.take(entry(path, status, try xattrs(of: file, named: nil, path)), file)
    }

    private mutating func packSpecial(
        _ path: EntryPath,
        _ name: Name,
        in folder: Descriptor,
        into taker: inout some EntryTaker & ~Copyable
    ) throws(LayerError) {
        let status = try status(path, name.actual, in: folder)
        guard status.kind == name.kind else { throw changed(path) }
        if let link = link(path, status) { return try taker.take(link, nil) }
        var special = entry(path, status, try xattrs(of: folder, named: name.actual, path))
        if status.kind == .symlink {
            special.linkTarget = try system(path) { () throws(SystemError) in
                try folder.symlinkTarget(of: name.actual)
            }
        }
        try taker.take(special, nil)
    }

    /// The entry of a further name of a file; nil for its first one, which is remembered.
    private mutating func link(_ path: EntryPath, _ status: FileStatus) -> TarEntry? {
        if status.linkCount < 2 { return nil }
        let key = FileKey(device: status.device, inode: status.inode)
        guard let first = firstNames[key] else {
            firstNames[key] = path
            return nil
        }
        var link = TarEntry.hardLink(path, to: first, modified: min(seconds(status.modified), options.latestTime))
        (link.mode, link.owner, link.group) = (status.mode, status.owner, status.group)
        return link
    }

    /// A file or folder with what it is now; it must still be what its folder said.
    private func opened(
        _ path: EntryPath,
        _ name: Name,
        in folder: Descriptor
    ) throws(LayerError) -> (Descriptor, FileStatus) {
        let isFolder = name.kind == .directory
        let file: Descriptor
        do {
            file = try folder.openEntry(name.actual, flags: isFolder ? O_RDONLY | O_DIRECTORY : O_RDONLY)
        } catch {
            // Gone, or a symlink by now, or no folder.
            if error.code == .noSuchFileOrDirectory { throw vanished(path) }
            throw LayerError(error, archive, entry: path)
        }
        let status = try system(path) { () throws(SystemError) in try file.status() }
        guard status.kind == name.kind else { throw changed(path) }
        return (file, status)
    }

    private func status(
        _ path: EntryPath,
        _ name: [UInt8],
        in folder: Descriptor
    ) throws(LayerError) -> FileStatus {
        guard let status = try system(path, { () throws(SystemError) in try folder.status(of: name) }) else {
            throw vanished(path)
        }
        return status
    }

    private func vanished(_ path: EntryPath) -> LayerError {
        LayerError(.changed, archive, entry: path, "the file vanished while it was packed")
    }

    private func changed(_ path: EntryPath) -> LayerError {
        LayerError(.changed, archive, entry: path, "the file changed while it was packed")
    }

    private func entry(_ path: EntryPath, _ status: FileStatus, _ xattrs: [ExtendedAttribute]) -> TarEntry {
        guard let kind = EntryKind(status.kind) else { preconditionFailure("sockets were left out before") }
        return TarEntry(
            path: path,
            kind: kind,
            // The kernel has no modes of symlinks; every tool writes this.
            mode: kind == .symlink ? 0o777 : status.mode,
            owner: status.owner,
            group: status.group,
            size: kind == .regular ? status.size : 0,
            modified: min(seconds(status.modified), options.latestTime),
            deviceMajor: kind.isDevice ? status.deviceMajor : 0,
            deviceMinor: kind.isDevice ? status.deviceMinor : 0,
            xattrs: xattrs.filter { !isReservedXattr($0.name) }
        )
    }
}

extension LayerPacker {
    /// Reads and sorts the names of a folder, by the names that the layer will have.
    private mutating func begin(_ path: EntryPath, _ folder: Descriptor, isOpaque: Bool) throws(LayerError) {
        let found = try system(path) { () throws(SystemError) in try folder.entries() }
        var names: [Name] = []
        names.reserveCapacity(found.count + 1)
        for entry in found.sorted(by: FolderEntry.precedes) {
            let target = try child(of: path, entry.name)
            let kind: FileKind
            if let known = entry.kind { kind = known } else { kind = try status(target, entry.name, in: folder).kind }
            if kind == .socket || options.excludes(target) { continue }
            guard !entry.name.starts(with: Whiteout.prefix) else {
                let message = "a layer cannot hold a name that begins with '.wh.', which marks what is taken away"
                throw LayerError(.unsupported, archive, entry: target, message)
            }
            var isDevice0 = false
            if kind == .characterDevice {
                let device = try status(target, entry.name, in: folder)
                isDevice0 = device.deviceMajor == 0 && device.deviceMinor == 0
            }
            guard !isDevice0 || options.source == .overlayUpper else {
                throw LayerError(.unsupported, archive, entry: target, "is a character device 0:0, which hides files")
            }
            let written = isDevice0 ? try child(of: path, Whiteout.prefix + entry.name) : target
            names.append(Name(path: written, actual: entry.name, kind: kind, isWhiteout: isDevice0))
        }
        if isOpaque, options.hidesSomething(path) {
            let mark = try child(of: path, Whiteout.opaqueName)
            names.append(Name(path: mark, actual: [], kind: .regular, isWhiteout: true))
        }
        if names.contains(where: \.isWhiteout) { names.sort { bytesPrecede($0.path.bytes, $1.path.bytes) } }
        open.append(Frame(path: path, names: names, folder: open.count < Self.mostOpen ? folder : nil))
    }

    private func child(of folder: EntryPath, _ name: [UInt8]) throws(LayerError) -> EntryPath {
        do { return try folder.appending(component: name) } catch {
            throw LayerError(
                .limit,
                archive,
                entry: folder,
                "holds a name that makes the path longer than a layer can hold"
            )
        }
    }

    private func xattrs(
        of descriptor: Descriptor,
        named name: [UInt8]?,
        _ path: EntryPath
    ) throws(LayerError) -> [ExtendedAttribute] {
        let found = try system(path) { () throws(SystemError) in try descriptor.xattrs(of: name) }
        // With these, part of the file is not in the upper folder: the mount was made with options that it must not
        // have.
        for attribute in found where options.source == .overlayUpper {
            let parts = attribute.name.split(separator: ".")
            if parts.dropFirst().first == "overlay", parts.last == "redirect" || parts.last == "metacopy" {
                let message = "overlayfs left '\(attribute.name)' on it, so that part of it lies in a layer below"
                throw LayerError(.unsupported, archive, entry: path, message)
            }
        }
        return found.map { ExtendedAttribute(name: $0.name, value: $0.value) }
    }

    private func isOpaque(_ xattrs: [ExtendedAttribute]) -> Bool {
        options.source == .overlayUpper
            && xattrs.contains {
                ($0.name == "trusted.overlay.opaque" || $0.name == "user.overlay.opaque")
                    && $0.value == [UInt8(ascii: "y")]
            }
    }

    private func system<Value>(
        _ path: EntryPath,
        _ body: () throws(SystemError) -> Value
    ) throws(LayerError) -> Value {
        try wrappingSystemError(archive, path, body)
    }
}

/// Whole seconds of a time in nanoseconds, rounded down.
private func seconds(_ nanoseconds: Int64) -> Int64 {
    (nanoseconds - ((nanoseconds % 1_000_000_000) + 1_000_000_000) % 1_000_000_000) / 1_000_000_000
}
