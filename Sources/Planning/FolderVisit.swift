import Glibc
import SystemIO
import SystemPackage

/// What a scan finds in one folder of a source.
///
/// Content is not read here: files whose digest is not known are noted.
struct FolderVisit: Sendable {
    /// A folder in the source that is still to be visited.
    struct Folder: Sendable {
        /// From the source on.
        let path: [UInt8]
        /// It is there only for what a later pattern takes back.
        let isExcluded: Bool
    }

    let folder: Folder
    var seen: SeenFolder
    /// Something in it is not as it was seen before.
    private(set) var isChanged: Bool
    /// Where that which counts is in `seen`.
    private(set) var places: [SeenFolder.Place] = []
    /// Of the symlinks among these, in their order.
    private(set) var targets: [[UInt8]] = []
    /// The folders among these, in their order.
    private(set) var folders: [Folder] = []
    /// The files among these that have to be read.
    private(set) var unread: [SeenFolder.Place] = []
    /// What went wrong first, and where.
    private(set) var failure: (place: SeenFolder.Place, error: any Error)?

    /// Lists the folder, where it is not known what is in it, and examines all files in it that count.
    init(_ folder: Folder, below source: SystemIO.Descriptor, _ scan: InputScanner.Rules) {
        self.folder = folder
        seen = SeenFolder()
        isChanged = false
        do {
            let opened = try source.openBelow(folder.path, flags: O_RDONLY | O_DIRECTORY)
            try list(opened, scan.recall(source.path, folder.path), scan)
            examine(opened, scan)
        } catch {
            failure = (0, error)
        }
    }

    private mutating func list(
        _ opened: SystemIO.Descriptor,
        _ before: SeenFolder?,
        _ scan: InputScanner.Rules
    ) throws {
        let status = try opened.status()
        if let before, before.lists(status) {
            seen = before
            return
        }
        seen = SeenFolder(
            try opened.entries().sorted(by: FolderEntry.precedes),
            of: status,
            isSettled: InputScanner.isSettled(status, at: scan.startedAt) && InputScanner.showsNewNames(opened),
            before: before
        )
        isChanged = seen != before
    }

    private mutating func examine(_ opened: SystemIO.Descriptor, _ scan: InputScanner.Rules) {
        var examined: [(place: SeenFolder.Place, status: FileStatus)] = []
        for place in seen.places {
            do {
                if let status = try examine(place, in: opened, scan) { examined.append((place, status)) }
            } catch {
                failure = (place, error)
                break
            }
        }
        if examined.isEmpty { return }
        isChanged = true
        for (place, status) in examined { seen.set(status, at: place) }
    }

    /// Adds one entry; the status of a file whose digest is not known.
    private mutating func examine(
        _ place: SeenFolder.Place,
        in opened: SystemIO.Descriptor,
        _ scan: InputScanner.Rules
    ) throws -> FileStatus? {
        var isExcluded = false
        if !scan.ignored.isEmpty {
            isExcluded = scan.ignored.excludes(path: path(of: place))
            if isExcluded && !scan.ignored.hasNegation { return nil }
        }
        var kind = seen.kind(at: place)
        var status: FileStatus?
        if kind != .directory && kind != .symlink {
            if isExcluded && kind != nil { return nil }
            status = try seen.withName(at: place) { try opened.status(ofEntry: $0) }
            guard let status else {
                throw SystemError("examine", opened.path.appending(bytes: seen.name(at: place)), .noSuchFileOrDirectory)
            }
            kind = status.kind
        }
        switch kind {
        case .directory:
            let path = path(of: place)
            guard path.count < PATH_MAX else {
                throw SystemError(
                    "read the input",
                    opened.path.appending(bytes: seen.name(at: place)),
                    .fileNameTooLong
                )
            }
            folders.append(Folder(path: path, isExcluded: isExcluded))
        case _ where isExcluded: return nil
        case .symlink: targets.append(try opened.symlinkTarget(of: seen.name(at: place)))
        case .regular where seen.withName(at: place, { folder.path.count + 1 + $0.count }) < PATH_MAX: break
        case .regular:
            throw SystemError("read the input", opened.path.appending(bytes: seen.name(at: place)), .fileNameTooLong)
        default:
            let name = String(decoding: seen.name(at: place), as: UTF8.self)
            throw InputProblem.unusable(name: name, kind: kind ?? .regular)
        }
        places.append(place)
        guard let status else { return nil }
        guard status.kind == .regular else { return status }
        if seen.isBelieved(at: place, status) { return nil }
        unread.append(place)
        return status
    }

    /// The path of an entry, from the source on.
    func path(of place: SeenFolder.Place) -> [UInt8] {
        let name = seen.name(at: place)
        return folder.path.isEmpty ? name : folder.path + [UInt8(ascii: "/")] + name
    }

    /// Takes what reading a file gave.
    mutating func take(_ reading: Result<InputScanner.Reading, any Error>, at place: SeenFolder.Place) {
        switch reading {
        case .success(let reading): seen.set(reading, at: place)
        case .failure(let error):
            if failure.map({ place < $0.place }) ?? true { failure = (place, error) }
        }
    }
}
