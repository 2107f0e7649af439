import Glibc
package import SystemIO

/// Unpacks stored layers: one as a lower folder of overlayfs, or all of them merged as a plain tree.
///
/// The target is an empty folder that the caller made inside a folder of mode 0700 (setuid files come to lie in it) and
/// renames when all is done. Layers are uncompressed and verified; what is hostile in one is refused before the first
/// file is made.
package enum LayerUnpacker {
    package enum DeviceNodes: Sendable {
        case create
        /// For a user namespace, where the kernel forbids them.
        case skip
    }

    package struct Options: Sendable {
        package var deviceNodes: DeviceNodes
        /// For overlayfs mounted with `userxattr`, in a user namespace: marks are `user.overlay.*`, and `trusted.*`
        /// attributes, which cannot be set there, are left out.
        package var userXattrs: Bool
        /// Threads that make files, where there are many.
        package var threads: Int

        package init(
            deviceNodes: DeviceNodes = .create,
            userXattrs: Bool = false,
            threads: Int = WorkerThread.processorCount
        ) {
            self.deviceNodes = deviceNodes
            self.userXattrs = userXattrs
            self.threads = max(1, threads)
        }

        /// For the root of a user namespace.
        package static let userNamespace = Options(deviceNodes: .skip, userXattrs: true)

        var opaqueAttribute: String { userXattrs ? "user.overlay.opaque" : "trusted.overlay.opaque" }

        /// Without what would speak to overlayfs or to the host's policy.
        func kept(_ xattrs: [ExtendedAttribute]) -> [ExtendedAttribute] {
            xattrs.filter { !isReservedXattr($0.name) && !(userXattrs && $0.name.hasPrefix("trusted.")) }
        }
    }

    /// Unpacks one layer as a lower folder: whiteouts become character devices 0:0, opaque directories get their mark.
    ///
    /// `below` is the tree of the layers below: directories that the layer only implies, and entries below a symlink
    ///   of a lower layer, are then made as they will be seen. Not needed where the listing `isSelfContained`.
    package static func unpack(
        _ layer: Descriptor,
        listing: LayerListing,
        name: String,
        into folder: Descriptor,
        over below: MergedTree? = nil,
        options: Options = Options()
    ) throws(LayerError) {
        let redirections = try below?.adding([listing], names: [name]).redirections.last ?? Redirections()
        let changes = try LayerChanges(listing, name: name) { (path) throws(LayerError) in
            try redirections.place(path, name: name)
        }
        var writer = FolderWriter(folder, archive: name, options: options)
        var made: [Int: EntryPath] = [:]
        for change in changes.changes {
            if change.isOpaque, change.path.isRoot {
                throw LayerError(.unsupported, name, entry: .root, "is opaque, which overlayfs does not know of a root")
            }
            guard let index = change.item else {
                if change.isImplicit {
                    let seen = change.removes ? nil : below?.entry(at: change.path)
                    let entry = seen.flatMap { $0.kind == .directory ? $0 : nil } ?? .directory(change.path)
                    try writer.makeFolder(entry, isOpaque: change.isOpaque || change.removes)
                } else {
                    try writer.makeWhiteout(change.path)
                }
                continue
            }
            let origin = changes.origins[index] ?? index
            var entry = listing.items[origin].entry
            entry.path = change.path
            if entry.kind == .directory {
                try writer.makeFolder(entry, isOpaque: change.isOpaque || change.removes)
            } else if let first = made[origin] {
                writer.makeLink(entry.path, to: first)
            } else {
                try make(entry, from: layer, at: listing.items[origin].dataOffset, with: &writer)
                if !(options.deviceNodes == .skip && entry.kind.isDevice) { made[origin] = entry.path }
            }
        }
        if changes.changes.first?.path.isRoot != true, let root = below?.entry(at: .root) {
            try writer.makeFolder(root, isOpaque: false)
        }
        try writer.finish()
    }

    /// Unpacks the tree that all layers make, as a chroot would see it.
    ///
    /// `layers` are the uncompressed tars, in the order of `tree.listings`.
    package static func unpack(
        _ tree: MergedTree,
        layers: [Descriptor],
        name: String,
        into folder: Descriptor,
        options: Options = Options()
    ) throws(LayerError) {
        var writer = FolderWriter(folder, archive: name, options: options)
        try tree.flattened { (entry, contents) throws(LayerError) in
            if entry.kind == .directory {
                try writer.makeFolder(entry, isOpaque: false)
            } else if let target = entry.hardLinkTarget {
                if options.deviceNodes == .skip, tree.entry(at: target)?.kind.isDevice == true { return }
                writer.makeLink(entry.path, to: target)
            } else {
                try make(entry, from: layers[contents?.layer ?? 0], at: contents?.offset ?? 0, with: &writer)
            }
        }
        try writer.finish()
    }

    private static func make(
        _ entry: TarEntry,
        from layer: Descriptor,
        at offset: Int64,
        with writer: inout FolderWriter
    ) throws(LayerError) {
        if entry.kind == .regular {
            try writer.makeFile(entry, from: layer, at: offset)
        } else {
            try writer.makeSpecial(entry)
        }
    }
}

extension EntryKind {
    /// A character or block device.
    package var isDevice: Bool { self == .characterDevice || self == .blockDevice }
}

/// Attributes that are about the place where a file lies, not about the file.
func isReservedXattr(_ name: String) -> Bool {
    name.hasPrefix("trusted.overlay.") || name.hasPrefix("user.overlay.") || name == "security.selinux"
}
