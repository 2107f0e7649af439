import Glibc
package import SystemIO

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
        /// Changes an entry before it is written; not its path, kind or size.
        package var adjust: (inout TarEntry) -> Void

        package init(
            source: Source,
            latestTime: Int64,
            includesRoot: Bool = false,
            excludes: @escaping (EntryPath) -> Bool = { _ in false },
            hidesSomething: @escaping (EntryPath) -> Bool = { _ in true },
            adjust: @escaping (inout TarEntry) -> Void = { _ in }
        ) {
            self.source = source
            self.latestTime = latestTime
            self.includesRoot = includesRoot
            self.excludes = excludes
            self.hidesSomething = hidesSomething
            self.adjust = adjust
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
        var packer = LayerPacker(root: folder, options: options, archive: writer.name)
        try packer.packAll(into: &writer)
    }

    let root: Descriptor
    let options: Options
    let archive: String
    /// The first names of files that have several, by device and inode.
    private var firstNames: [FileKey: EntryPath] = [:]
    /// Folders that have been begun, the innermost last.
    ///
    /// Their descriptors are not kept: a tree may be deep.
    private var open: [Frame] = []

    private init(root: Descriptor, options: Options, archive: String) {
        self.root = root
        self.options = options
        self.archive = archive
    }

    private struct FileKey: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// A name in a folder, as the layer says it and as the file system has it.
    private struct Name {
        let written: [UInt8]
        let actual: [UInt8]
        let status: FileStatus
        let isWhiteout: Bool
    }

    private struct Frame {
        let path: EntryPath
        let names: [Name]
        var next = 0
    }

    private mutating func packAll(into writer: inout TarWriter) throws(LayerError) {
        let status = try system(.root) { () throws(SystemError) in try root.status() }
        let rootXattrs = try xattrs(of: root, named: nil, .root)
        if options.includesRoot { try append(entry(.root, status, rootXattrs), to: &writer) }
        try begin(.root, root, isOpaque: isOpaque(rootXattrs), into: &writer)
        while let frame = open.last {
            let folder = try system(frame.path) { () throws(SystemError) in
                frame.path.isRoot ? root : try root.openBelow(frame.path.bytes, flags: O_RDONLY | O_DIRECTORY)
            }
            try packNames(of: folder, into: &writer)
        }
    }

    /// Packs the rest of the innermost folder, until it ends or a folder in it is begun.
    private mutating func packNames(of folder: Descriptor, into writer: inout TarWriter) throws(LayerError) {
        let depth = open.count - 1
        while open[depth].next < open[depth].names.count {
            let name = open[depth].names[open[depth].next]
            open[depth].next += 1
            let path = try child(of: open[depth].path, name.written)
            if name.isWhiteout {
                try writer.append(.regular(path, size: 0, mode: 0, modified: options.latestTime))
            } else if name.status.kind == .directory {
                try packFolder(path, name, in: folder, into: &writer)
                if open.count - 1 > depth { return }
            } else {
                try packFile(path, name, in: folder, into: &writer)
            }
        }
        open.removeLast()
    }

    private mutating func packFolder(
        _ path: EntryPath,
        _ name: Name,
        in parent: Descriptor,
        into writer: inout TarWriter
    ) throws(LayerError) {
        let folder = try system(path) { () throws(SystemError) in
            try parent.openBelow(name.actual, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        }
        let found = try xattrs(of: folder, named: nil, path)
        try append(entry(path, name.status, found), to: &writer)
        try begin(path, folder, isOpaque: isOpaque(found), into: &writer)
    }

    private mutating func packFile(
        _ path: EntryPath,
        _ name: Name,
        in folder: Descriptor,
        into writer: inout TarWriter
    ) throws(LayerError) {
        let status = name.status
        let key = FileKey(device: status.device, inode: status.inode)
        if status.linkCount > 1, let first = firstNames[key] {
            var link = TarEntry.hardLink(path, to: first, modified: min(seconds(status.modified), options.latestTime))
            (link.mode, link.owner, link.group) = (status.mode, status.owner, status.group)
            options.adjust(&link)
            try writer.append(link)
            return
        }
        if status.linkCount > 1 { firstNames[key] = path }
        guard status.kind == .regular else {
            var special = entry(path, status, try xattrs(of: folder, named: name.actual, path))
            if status.kind == .symlink {
                special.linkTarget = try system(path) { () throws(SystemError) in
                    try folder.symlinkTarget(of: name.actual)
                }
            }
            return try append(special, to: &writer)
        }
        // O_NONBLOCK: were it a FIFO by now, the open must not wait.
        let file = try system(path) { () throws(SystemError) in
            try folder.openBelow(name.actual, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        }
        let now = try system(path) { () throws(SystemError) in try file.status() }
        guard now.kind == .regular, now.inode == status.inode, now.size == status.size else {
            throw LayerError(.changed, archive, entry: path, "the file changed while it was packed")
        }
        let item = adjusted(entry(path, status, try xattrs(of: file, named: nil, path)))
        try writer.append(item, file: file)
    }

    private func append(_ entry: TarEntry, to writer: inout TarWriter) throws(LayerError) {
        try writer.append(adjusted(entry))
    }

    private func adjusted(_ entry: TarEntry) -> TarEntry {
        var result = entry
        options.adjust(&result)
        return result
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
    private mutating func begin(
        _ path: EntryPath,
        _ folder: Descriptor,
        isOpaque: Bool,
        into writer: inout TarWriter
    ) throws(LayerError) {
        let all = try system(path) { () throws(SystemError) in try folder.names() }
        var names: [Name] = []
        for actual in all {
            let target = try child(of: path, actual)
            guard let status = try system(target, { () throws(SystemError) in try folder.status(of: actual) }) else {
                throw LayerError(.changed, archive, entry: target, "the file vanished while it was packed")
            }
            if status.kind == .socket || options.excludes(target) { continue }
            guard !actual.starts(with: Whiteout.prefix) else {
                let message = "a layer cannot hold a name that begins with '.wh.', which marks what is taken away"
                throw LayerError(.unsupported, archive, entry: target, message)
            }
            let isDevice0 = status.kind == .characterDevice && status.deviceMajor == 0 && status.deviceMinor == 0
            guard !isDevice0 || options.source == .overlayUpper else {
                throw LayerError(.unsupported, archive, entry: target, "is a character device 0:0, which hides files")
            }
            let written = isDevice0 ? Whiteout.prefix + actual : actual
            names.append(Name(written: written, actual: actual, status: status, isWhiteout: isDevice0))
        }
        if isOpaque, options.hidesSomething(path) {
            let status = try system(path) { () throws(SystemError) in try folder.status() }
            names.append(Name(written: Whiteout.opaqueName, actual: [], status: status, isWhiteout: true))
        }
        names.sort { $0.written.lexicographicallyPrecedes($1.written) }
        open.append(Frame(path: path, names: names))
    }

    private func child(of folder: EntryPath, _ name: [UInt8]) throws(LayerError) -> EntryPath {
        do { return try folder.appending(name) } catch {
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
