package import Bakefiles
import CShims
import Diagnostics
import Glibc
package import SystemIO
package import SystemPackage

/// Reads the user's files as inputs of steps: one walk of stat calls, and content only where the cache does not know it.
package struct InputScanner {
    /// What was seen of a folder, or of a source that is one file, under the bytes of its absolute path; asked by several
    /// threads.
    package typealias Recall = @Sendable (_ path: [UInt8]) -> SeenFolder?

    /// Takes what was not known before, a few thousand files or one folder at a time.
    package typealias Learn = (_ seen: [SeenInput]) throws -> Void

    private let folder: FilePath
    private let contexts: [String: FilePath]
    private let recall: Recall
    let learn: Learn
    /// Threads that walk and read.
    let threads: Int

    /// By itself it knows nothing and keeps nothing.
    package init(
        folder: FilePath,
        contexts: [String: FilePath],
        threads: Int = WorkerThread.processorCount,
        recall: @escaping Recall = { _ in nil },
        learn: @escaping Learn = { _ in }
    ) {
        self.folder = folder
        self.contexts = contexts
        self.threads = min(max(1, threads), 16)
        self.recall = recall
        self.learn = learn
    }

    /// The tree at `path`, without what the patterns exclude.
    ///
    /// The source itself may be a symlink that stays inside the folder; below it symlinks are stored as they are.
    package func scan(_ path: InputPath, excluding patterns: [String] = []) throws -> InputTree {
        let opened = try open(path)
        let status = try opened.status()
        let rules = Rules(ignored: IgnorePatterns(patterns), startedAt: SystemClock.wall, recall: recall)
        switch status.kind {
        case .regular: return InputTree(entries: try entries(ofFile: opened, status, rules))
        case .directory: return InputTree(entries: try entries(of: opened, rules))
        default: throw InputProblem.unusable(name: path.name, kind: status.kind)
        }
    }

    /// The one entry of a source that is a file.
    private func entries(
        ofFile file: SystemIO.Descriptor,
        _ status: FileStatus,
        _ rules: Rules
    ) throws -> InputTree.Entries {
        var seen = rules.recall(file.path, []) ?? SeenFolder()
        var place = seen.only
        if place.map({ !seen.isBelieved(at: $0, status) }) ?? true {
            seen = SeenFolder(file: status)
            place = seen.only
            let reading = try Self.read([], below: file)
            if let place { seen.set(reading, at: place) }
            if reading.isSettled { try learn([(path: Rules.key(of: file.path), seen: seen)]) }
        }
        var entries = InputTree.Entries(capacity: 1)
        if let place { entries.append(seen, place, in: []) }
        return entries
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

/// What was seen of a folder or file under the bytes of its absolute path.
package typealias SeenInput = (path: [UInt8], seen: SeenFolder)
