package import SystemIO

/// What an entry of a layer is; a socket has no form in a tar.
package enum EntryKind: UInt8, Sendable, Hashable {
    case regular
    case directory
    case symlink
    /// A further name of an entry before it in the same tar.
    case hardLink
    case characterDevice
    case blockDevice
    case fifo

    /// The same kind, nil for a socket.
    package init?(_ kind: FileKind) {
        switch kind {
        case .regular: self = .regular
        case .directory: self = .directory
        case .symlink: self = .symlink
        case .characterDevice: self = .characterDevice
        case .blockDevice: self = .blockDevice
        case .fifo: self = .fifo
        case .socket: return nil
        }
    }
}

/// An extended attribute: `security.capability`, `user.note`.
package struct ExtendedAttribute: Hashable, Sendable {
    package let name: String
    package let value: [UInt8]

    package init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// One entry of a tar without its content: the facts that a layer keeps.
package struct TarEntry: Hashable, Sendable {
    package var path: EntryPath
    package var kind: EntryKind
    /// Permission bits with setuid, setgid and sticky.
    package var mode: UInt32
    package var owner: UInt32
    package var group: UInt32
    /// Bytes of content; 0 for all but regular files.
    package var size: Int64
    /// Seconds since 1970; one that is set is a whole second.
    package var modified: Int64 { didSet { nanoseconds = 0 } }
    /// What the modification time has below its second.
    package private(set) var nanoseconds: UInt32
    /// The target of a link, else empty.
    ///
    /// Of a symlink as it is written; of a hard link the bytes of an `EntryPath`.
    package var linkTarget: [UInt8]
    package var deviceMajor: UInt32
    package var deviceMinor: UInt32
    /// Sorted by the bytes of the name, each name once.
    package private(set) var xattrs: [ExtendedAttribute]

    package init(
        path: EntryPath,
        kind: EntryKind,
        mode: UInt32,
        owner: UInt32 = 0,
        group: UInt32 = 0,
        size: Int64 = 0,
        modified: Int64 = 0,
        nanoseconds: UInt32 = 0,
        linkTarget: [UInt8] = [],
        deviceMajor: UInt32 = 0,
        deviceMinor: UInt32 = 0,
        xattrs: [ExtendedAttribute] = []
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode & 0o7777
        self.owner = owner
        self.group = group
        self.size = size
        self.modified = modified
        self.nanoseconds = nanoseconds
        self.linkTarget = linkTarget
        self.deviceMajor = deviceMajor
        self.deviceMinor = deviceMinor
        self.xattrs = []
        setXattrs(xattrs)
    }

    /// Makes the modification time no later than `latest`, seconds since 1970.
    package mutating func clampModified(to latest: Int64) {
        if modified >= latest { modified = latest }
    }

    /// Replaces all extended attributes; of two with one name the later stays.
    package mutating func setXattrs(_ attributes: [ExtendedAttribute]) {
        if attributes.isEmpty { xattrs = []; return }
        var byName: [String: ExtendedAttribute] = [:]
        for attribute in attributes { byName[attribute.name] = attribute }
        xattrs = byName.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The path that a hard link names; nil for other kinds.
    package var hardLinkTarget: EntryPath? {
        kind == .hardLink ? EntryPath(normalised: linkTarget) : nil
    }

    package static func directory(_ path: EntryPath, mode: UInt32 = 0o755, modified: Int64 = 0) -> TarEntry {
        TarEntry(path: path, kind: .directory, mode: mode, modified: modified)
    }

    package static func regular(
        _ path: EntryPath,
        size: Int64,
        mode: UInt32 = 0o644,
        modified: Int64 = 0
    ) -> TarEntry {
        TarEntry(path: path, kind: .regular, mode: mode, size: size, modified: modified)
    }

    package static func symlink(_ path: EntryPath, to target: [UInt8], modified: Int64 = 0) -> TarEntry {
        TarEntry(path: path, kind: .symlink, mode: 0o777, modified: modified, linkTarget: target)
    }

    package static func hardLink(_ path: EntryPath, to target: EntryPath, modified: Int64 = 0) -> TarEntry {
        TarEntry(path: path, kind: .hardLink, mode: 0o644, modified: modified, linkTarget: target.bytes)
    }
}
