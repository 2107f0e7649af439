package import Bakefiles
import CShims
import Diagnostics
import Glibc
package import SystemIO
package import SystemPackage

/// Reads the user's files as inputs of steps: one walk of stat calls, and content only where the cache does not know it.
package struct InputScanner {
    /// What the cache has to agree on before a digest is believed without reading.
    package struct Known: Sendable, Hashable {
        package var status: FileStatus
        package var digest: Digest

        package init(status: FileStatus, digest: Digest) {
            self.status = status
            self.digest = digest
        }
    }

    /// Digests by absolute path that need no reading, given the status that was just seen.
    package typealias Lookup = (_ path: FilePath, _ status: FileStatus) -> Digest?

    private let folder: FilePath
    private let contexts: [String: FilePath]
    private let lookup: Lookup
    /// What was read in this run, for the cache.
    package private(set) var learned: [(path: FilePath, known: Known)] = []

    package init(folder: FilePath, contexts: [String: FilePath], lookup: @escaping Lookup) {
        self.folder = folder
        self.contexts = contexts
        self.lookup = lookup
    }

    /// The tree at `path`, without what the patterns exclude.
    ///
    /// The source itself may be a symlink that stays inside the folder; below it symlinks are stored as they are.
    package mutating func scan(_ path: InputPath, excluding patterns: [String] = []) throws -> InputTree {
        let opened = try open(path)
        let status = try opened.status()
        var walk = Walk(ignored: IgnorePatterns(patterns), name: path.name)
        switch status.kind {
        case .regular: walk.files.append(Found(path: [], location: opened.path, status: status))
        case .directory: try walk.enter(opened, prefix: [], components: [])
        default: throw InputProblem.unusable(name: path.name, kind: status.kind)
        }
        return InputTree(entries: try entries(of: walk, isDirectory: status.kind == .directory))
    }

    /// Opens an input, resolved by the kernel inside its folder.
    package func open(_ path: InputPath) throws -> SystemIO.Descriptor {
        let start = path.context.flatMap { contexts[$0] } ?? folder
        let root = try SystemIO.Descriptor.openFolder(start)
        // Non-blocking: a FIFO would wait for its writer, for ever.
        let raw = path.path.withCString { ob_openat_in_root(root.raw, $0, O_RDONLY | O_NONBLOCK, 0, 1) }
        let location = path.path == "." ? start : start.appending(path.path)
        guard raw >= 0 else {
            let code = Errno.current
            switch code {
            case .noSuchFileOrDirectory: throw InputProblem.missing(name: path.name)
            case .improperLink: throw InputProblem.escapes(name: path.name)
            case .noSuchAddressOrDevice: throw InputProblem.unusable(name: path.name, kind: .socket)
            default: throw SystemError("read the input", location, code)
            }
        }
        return SystemIO.Descriptor(adopting: raw, path: Self.place(ofOpen: raw) ?? location)
    }

    /// A folder's name without symlinks and `..`, as the locations of what is read below it begin; nil where it is not
    /// there.
    static func realPath(of folder: FilePath) -> FilePath? {
        (try? SystemIO.Descriptor.openFolder(folder)).flatMap { place(ofOpen: $0.raw) }
    }

    /// Where an open file is, every symlink on the way to it resolved: what is read later must not follow one.
    private static func place(ofOpen raw: Int32) -> FilePath? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/fd/\(raw)", &buffer, buffer.count - 1)
        guard count > 0, buffer[0] == CChar(bitPattern: UInt8(ascii: "/")) else { return nil }
        return buffer.withUnsafeBufferPointer { $0.baseAddress.map { FilePath(platformString: $0) } }
    }

    private mutating func entries(of walk: Walk, isDirectory: Bool) throws -> [InputTree.Entry] {
        var entries = walk.others
        if isDirectory { entries.append(.init(path: [], content: .directory)) }
        var unknown: [Found] = []
        for file in walk.files {
            if let digest = lookup(file.location, file.status) {
                entries.append(file.entry(digest))
            } else {
                unknown.append(file)
            }
        }
        for (file, reading) in zip(unknown, try read(unknown)) {
            entries.append(file.entry(reading.known.digest))
            if reading.isSettled { learned.append((file.location, reading.known)) }
        }
        return entries.sorted { $0.path.lexicographicallyPrecedes($1.path) }
    }
}

/// A file whose content has to be digested.
struct Found: Sendable {
    let path: [UInt8]
    let location: FilePath
    let status: FileStatus

    func entry(_ digest: Digest) -> InputTree.Entry {
        .init(
            path: path,
            content: .file(digest: digest, size: status.size, isExecutable: status.mode & 0o100 != 0)
        )
    }
}

/// The walk through one source folder.
private struct Walk {
    let ignored: IgnorePatterns
    let name: String
    var files: [Found] = []
    var others: [InputTree.Entry] = []

    init(ignored: IgnorePatterns, name: String) {
        self.ignored = ignored
        self.name = name
    }

    mutating func enter(_ folder: SystemIO.Descriptor, prefix: [UInt8], components: [[UInt8]]) throws {
        for name in try names(in: folder) {
            let path = prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
            let inner = components + [name]
            let isExcluded = ignored.excludes(inner)
            if isExcluded && !ignored.hasNegation { continue }
            let location = folder.path.appending(component(name))
            let status = try FileStatus.at(folder, name, path: location)
            switch status.kind {
            case .directory:
                let raw = withCName(name) { ob_openat(folder.raw, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0) }
                guard raw >= 0 else { throw SystemError("read the folder", location, .current) }
                let count = files.count + others.count
                try enter(SystemIO.Descriptor(adopting: raw, path: location), prefix: path, components: inner)
                // An excluded folder is there only for what a later pattern took back.
                if !isExcluded || files.count + others.count > count {
                    others.append(.init(path: path, content: .directory))
                }
            case _ where isExcluded: continue
            case .regular: files.append(Found(path: path, location: location, status: status))
            case .symlink:
                others.append(.init(path: path, content: .symlink(target: try linkTarget(folder, name, location))))
            default:
                throw InputProblem.unusable(name: location.lastComponent?.string ?? self.name, kind: status.kind)
            }
        }
    }
}
