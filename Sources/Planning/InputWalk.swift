import CShims
import Glibc
import SystemIO
import SystemPackage

/// The walk through one source, in the order of its entries.
///
/// Files whose content is not known wait until there are enough of them to be read on all cores.
struct InputWalk {
    /// A file whose content has to be digested.
    struct Waiting: Sendable {
        /// Its place in the entries.
        let position: Int
        let location: FilePath
    }

    /// Enough to keep all cores busy, and few enough to be nothing in memory.
    private static let mostWaiting = 4096

    let scanner: InputScanner
    let ignored: IgnorePatterns
    let name: String
    var entries = InputTree.Entries()
    private var waiting: [Waiting] = []

    init(scanner: InputScanner, ignored: IgnorePatterns, name: String) {
        self.scanner = scanner
        self.ignored = ignored
        self.name = name
    }

    mutating func enter(_ folder: SystemIO.Descriptor, prefix: [UInt8], components: [[UInt8]]) throws {
        for name in try names(in: folder).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let path = prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
            let inner = components + [name]
            let isExcluded = ignored.excludes(inner)
            if isExcluded && !ignored.hasNegation { continue }
            let location = folder.path.appending(component(name))
            guard path.count < PATH_MAX else { throw SystemError("read the input", location, .fileNameTooLong) }
            let status = try FileStatus.at(folder, name, path: location)
            switch status.kind {
            case .directory:
                let raw = withCName(name) { ob_openat(folder.raw, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0) }
                guard raw >= 0 else { throw SystemError("read the folder", location, .current) }
                entries.append(.init(path: path, content: .directory))
                let count = entries.count
                try enter(SystemIO.Descriptor(adopting: raw, path: location), prefix: path, components: inner)
                // An excluded folder is there only for what a later pattern took back.
                if isExcluded && entries.count == count { entries.removeLast() }
            case _ where isExcluded: continue
            case .regular: try add(path, location: location, status)
            case .symlink:
                let target = try linkTarget(folder, name, location)
                entries.append(.init(path: path, content: .symlink(target: target)))
            default:
                throw InputProblem.unusable(name: location.lastComponent?.string ?? self.name, kind: status.kind)
            }
        }
    }

    /// Adds a file, with its digest where that is known.
    mutating func add(_ path: [UInt8], location: FilePath, _ status: FileStatus) throws {
        entries.append(unread: path, status)
        let position = entries.count - 1
        if let digest = scanner.knownDigest(of: location, status) {
            entries.setDigest(digest, at: position)
            return
        }
        waiting.append(Waiting(position: position, location: location))
        if waiting.count == Self.mostWaiting { try readWaiting() }
    }

    /// Reads the files that wait.
    mutating func readWaiting() throws {
        var learned: [(path: FilePath, known: InputScanner.Known)] = []
        for (file, reading) in zip(waiting, try scanner.read(waiting)) {
            entries.setDigest(reading.known.digest, at: file.position)
            if reading.isSettled { learned.append((file.location, reading.known)) }
        }
        waiting.removeAll(keepingCapacity: true)
        try scanner.keep(learned)
    }
}
