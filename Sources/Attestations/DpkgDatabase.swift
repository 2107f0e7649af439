import Layers

/// The packages of an image and the files that are theirs, as the image's dpkg database tells it.
///
/// The database is content of the image, which anybody may have made: whatever is in it, the answer is what could be
/// read, and the reasons why that may not be all.
struct DpkgDatabase {
    /// Sorted by name, architecture and version.
    private(set) var packages: [DebianPackage] = []
    private(set) var problems = Problems()
    /// For each place in the tree: a package owns what is there.
    private(set) var isOwned: [Bool]

    /// Bytes of one file of the database.
    ///
    /// The paragraphs of all of Debian's packages have 100 MB, those of a desktop's 5.
    static let fileLimit: Int64 = 16 << 20
    /// Bytes of the whole database, the lists of files included.
    static let totalLimit: Int64 = 128 << 20
    static let packageLimit = 50_000

    private let image: AttestedImage
    private var bytesLeft = totalLimit
    private var known: Set<String> = []
    /// Where files lie that were moved out of the way, and the package for which.
    private var diversions: [[UInt8]: (place: [UInt8], package: [UInt8])] = [:]
    /// Where the folder lies that was asked for last, its symlinks followed.
    private var lastFolder: (named: [UInt8], place: EntryPath?)?

    init(of image: AttestedImage) throws {
        self.image = image
        self.isOwned = Array(repeating: false, count: image.tree.count)
        try readStatus()
        try readDiversions()
        for package in packages { try readList(of: package) }
        packages.sort { $0.order.lexicographicallyPrecedes($1.order) }
    }

    /// The content of a file of the database; nil where it is not there or of no use, which is then told.
    private mutating func contents(_ path: EntryPath) throws -> [UInt8]? {
        do {
            guard let bytes = try image.read(path, limit: min(Self.fileLimit, bytesLeft)) else { return nil }
            bytesLeft -= Int64(bytes.count)
            return bytes
        } catch let error as AttestedImage.Unreadable {
            switch error {
            case .notAFile: problems.add("'/\(path)' is no regular file")
            case .tooLarge where bytesLeft < Self.fileLimit:
                problems.add("'/\(path)' makes it larger than \(Self.totalLimit >> 20) MiB")
            case .tooLarge: problems.add("'/\(path)' is larger than \(Self.fileLimit >> 20) MiB")
            }
            return nil
        }
    }
}

extension DpkgDatabase {
    /// One file with all packages, or one for each, as images without dpkg have it.
    private mutating func readStatus() throws {
        let status: EntryPath = "var/lib/dpkg/status"
        if let bytes = try contents(status) { read(bytes, of: status, isOwnFile: false) }
        guard let folder = try? image.tree.resolve("var/lib/dpkg/status.d") else { return }
        for entry in image.tree.children(of: folder) where !entry.path.name.suffix(8).elementsEqual(".md5sums".utf8) {
            if let bytes = try contents(entry.path) { read(bytes, of: entry.path, isOwnFile: true) }
        }
    }

    private mutating func read(_ bytes: [UInt8], of path: EntryPath, isOwnFile: Bool) {
        var file = ControlFile(bytes, fields: DebianPackage.fields)
        while let paragraph = file.next(&problems) {
            guard let package = DebianPackage(paragraph, isOwnFile: isOwnFile, &problems) else { continue }
            guard packages.count < Self.packageLimit else {
                problems.add("'/\(path)' has more than \(Self.packageLimit) packages")
                return
            }
            if known.insert(package.key).inserted {
                packages.append(package)
            } else {
                problems.add("package '\(package.name)' stands there twice")
            }
        }
    }
}

extension DpkgDatabase {
    /// Three lines each: what was moved, where to, and the package for which.
    ///
    /// Source: dpkg 1.21, dpkg-divert(1).
    private mutating func readDiversions() throws {
        guard let bytes = try contents("var/lib/dpkg/diversions") else { return }
        var lines = Lines(bytes)
        while let name = lines.next(), let place = lines.next(), let package = lines.next() {
            diversions[Array(name)] = (Array(place), Array(package))
        }
    }

    /// Marks what a package's list names: one absolute path a line.
    private mutating func readList(of package: DebianPackage) throws {
        let names = [package.architecture.map { "\(package.name):\($0)" }, package.name].compactMap { $0 }
        for name in names {
            guard let bytes = try contents(try EntryPath("var/lib/dpkg/info/\(name).list")) else { continue }
            for line in Lines(bytes) { mark(line, of: package) }
            return
        }
        // Images without dpkg have sums only: 32 digits, two spaces and the path.
        for folder in ["status.d", "info"] {
            let path = try EntryPath("var/lib/dpkg/\(folder)/\(package.name).md5sums")
            guard let bytes = try contents(path) else { continue }
            for line in Lines(bytes) { mark(line.dropFirst(34), of: package) }
            return
        }
        problems.add("package '\(package.name)' has no list of its files")
    }

    private mutating func mark(_ name: ArraySlice<UInt8>, of package: DebianPackage) {
        if let diversion = diversions[Array(name)], !diversion.package.elementsEqual(package.name.utf8) {
            mark(diversion.place[...])
        } else {
            mark(name)
        }
    }

    /// Marks the entry itself; symlinks on the way to it are followed, so that `/bin/sh` is found in `/usr/bin`.
    private mutating func mark(_ name: ArraySlice<UInt8>) {
        guard let path = try? EntryPath(validating: name), !path.isRoot else { return }
        let folder = path.parent
        let place: EntryPath?
        if let last = lastFolder, last.named == folder.bytes {
            place = last.place
        } else {
            place = try? image.tree.resolve(folder)
            lastFolder = (folder.bytes, place)
        }
        guard let path = try? place?.appending(path.name), let position = image.tree.position(of: path) else { return }
        isOwned[position] = true
    }
}

extension DebianPackage {
    /// What packages are sorted by.
    fileprivate var order: [String] { [name, architecture ?? "", version ?? ""] }
}
