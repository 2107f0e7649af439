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

    /// Digests that need no reading, by the absolute path of the folder and the name in it, given the status that was
    /// just seen; asked by several threads.
    package typealias Lookup = @Sendable (_ folder: FilePath, _ name: [UInt8], _ status: FileStatus) -> Digest?

    private let folder: FilePath
    private let contexts: [String: FilePath]
    /// Takes what was read, for the cache: up to some thousand files at a time.
    package typealias Learn = (_ files: [(path: FilePath, known: Known)]) throws -> Void

    private let lookup: Lookup
    let learn: Learn
    /// Threads that walk and read.
    let threads: Int

    /// By itself it knows nothing and keeps nothing.
    package init(
        folder: FilePath,
        contexts: [String: FilePath],
        threads: Int = WorkerThread.processorCount,
        lookup: @escaping Lookup = { _, _, _ in nil },
        learn: @escaping Learn = { _ in }
    ) {
        self.folder = folder
        self.contexts = contexts
        // Each has a folder open for each level that it is in.
        self.threads = min(max(1, threads), 16)
        self.lookup = lookup
        self.learn = learn
    }

    /// The tree at `path`, without what the patterns exclude.
    ///
    /// The source itself may be a symlink that stays inside the folder; below it symlinks are stored as they are.
    package func scan(_ path: InputPath, excluding patterns: [String] = []) throws -> InputTree {
        let opened = try open(path)
        let status = try opened.status()
        var walk = InputWalk(lookup: lookup, ignored: IgnorePatterns(patterns), name: path.name)
        switch status.kind {
        case .regular:
            let location = opened.path
            walk.add([], bytes(of: location.lastComponent), in: location.removingLastComponent(), status)
        case .directory: try self.walk(opened, into: &walk)
        default: throw InputProblem.unusable(name: path.name, kind: status.kind)
        }
        try readUnread(of: &walk, below: opened)
        return InputTree(entries: walk.entries)
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
}
