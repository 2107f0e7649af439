import Glibc
import SystemIO
import SystemPackage

/// The walk through a source or a part of it, in the order of its entries.
///
/// Content is not read here: files that the cache does not know are noted.
struct InputWalk: Sendable {
    let lookup: InputScanner.Lookup
    let ignored: IgnorePatterns
    /// How the user calls the source.
    let name: String
    var entries = InputTree.Entries()
    /// The places in `entries` of files whose content has to be read.
    var unread: [Int] = []

    init(lookup: @escaping InputScanner.Lookup, ignored: IgnorePatterns, name: String) {
        self.lookup = lookup
        self.ignored = ignored
        self.name = name
    }

    /// A folder in the source that is still to be walked.
    struct Folder: Sendable {
        /// From the source on.
        let path: [UInt8]
        /// It is there only for what a later pattern takes back.
        let isExcluded: Bool
    }

    /// A part of a source, in order.
    enum Part: Sendable {
        case walked(InputWalk)
        case folder(Folder)
    }

    /// Adds a folder with all that is in it.
    mutating func add(_ folder: Folder, below source: SystemIO.Descriptor) throws {
        try add(folder, source.openBelow(folder.path, flags: O_RDONLY | O_DIRECTORY))
    }

    /// A folder's own entry and what is in it, folders in it apart, so that others can walk these.
    func parts(of folder: Folder, below source: SystemIO.Descriptor) throws -> [Part] {
        var parts: [Part] = []
        var walk = empty
        walk.entries.append(.init(path: folder.path, content: .directory))
        let opened = try source.openBelow(folder.path, flags: O_RDONLY | O_DIRECTORY)
        try walk.forEachEntry(of: opened, path: folder.path) { walk, inner, _ in
            if !walk.entries.isEmpty { parts.append(.walked(walk)) }
            parts.append(.folder(inner))
            walk = empty
        }
        parts.append(.walked(walk))
        return parts
    }

    /// A walk of the same source that has seen nothing.
    var empty: InputWalk { InputWalk(lookup: lookup, ignored: ignored, name: name) }

    /// Adds what another walk has found behind this one.
    mutating func append(_ other: InputWalk) {
        let count = entries.count
        unread += other.unread.map { $0 + count }
        entries.append(contentsOf: other.entries)
    }

    private mutating func add(_ folder: Folder, _ opened: SystemIO.Descriptor) throws {
        entries.append(.init(path: folder.path, content: .directory))
        let count = entries.count
        try forEachEntry(of: opened, path: folder.path) { walk, inner, name in
            try walk.add(inner, opened.openEntry(name, flags: O_RDONLY | O_DIRECTORY))
        }
        if folder.isExcluded && entries.count == count { entries.removeLast() }
    }

    /// Adds all that is in a folder, and hands its folders to `enter` in their places.
    private mutating func forEachEntry(
        of folder: SystemIO.Descriptor,
        path: [UInt8],
        enter: (inout InputWalk, Folder, _ name: [UInt8]) throws -> Void
    ) throws {
        let location = folder.path
        for entry in try folder.entries().sorted(by: FolderEntry.precedes) {
            let inner = path.isEmpty ? entry.name : path + [UInt8(ascii: "/")] + entry.name
            let isExcluded = ignored.excludes(path: inner)
            if isExcluded && !ignored.hasNegation { continue }
            guard inner.count < PATH_MAX else {
                throw SystemError("read the input", location.appending(bytes: entry.name), .fileNameTooLong)
            }
            switch entry.kind {
            case .directory: try enter(&self, Folder(path: inner, isExcluded: isExcluded), entry.name)
            case .symlink where !isExcluded: try addLink(inner, entry.name, in: folder)
            case .symlink: continue
            default:
                guard let status = try folder.status(of: entry.name) else {
                    throw SystemError("examine", location.appending(bytes: entry.name), .noSuchFileOrDirectory)
                }
                switch status.kind {
                case .directory: try enter(&self, Folder(path: inner, isExcluded: isExcluded), entry.name)
                case _ where isExcluded: continue
                case .symlink: try addLink(inner, entry.name, in: folder)
                case .regular: add(inner, entry.name, in: location, status)
                default:
                    throw InputProblem.unusable(name: String(decoding: entry.name, as: UTF8.self), kind: status.kind)
                }
            }
        }
    }

    private mutating func addLink(_ path: [UInt8], _ name: [UInt8], in folder: SystemIO.Descriptor) throws {
        entries.append(.init(path: path, content: .symlink(target: try folder.symlinkTarget(of: name))))
    }

    /// Adds a file, with its digest where that is known.
    mutating func add(_ path: [UInt8], _ name: [UInt8], in folder: FilePath, _ status: FileStatus) {
        let known = lookup(folder, name, status)
        if known == nil { unread.append(entries.count) }
        entries.append(file: path, status, known)
    }
}
