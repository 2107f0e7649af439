import CShims
import Glibc
import SystemIO
import SystemPackage

/// The folder in which an overlay leaves what a step changed, once the overlay is unmounted.
struct UpperFolder {
    let descriptor: Descriptor

    static func open(_ path: FilePath) throws(SystemError) -> UpperFolder {
        UpperFolder(descriptor: try Descriptor.openFolder(path))
    }

    /// Takes the volatile files out, so that they are as the parent has them, or empties them.
    func apply(_ files: [VolatileFile]) throws(SystemError) {
        for file in files {
            let components = file.pattern.pathComponents
            guard let last = components.last, let folder = try folder(components.dropLast()) else { continue }
            for name in try Files.names(in: folder.procPath) where wildcard(last, matches: bytes(of: name)) {
                switch file.treatment {
                case .restore: try Files.removeWholly(folder.procPath.appending(name))
                case .empty: try empty(name, in: folder)
                }
            }
        }
    }

    /// Takes out the mark of a removal at a place that the parent has not: a mount point made for the run.
    func removeWhiteout(at components: [String]) throws(SystemError) {
        guard let last = components.last.flatMap({ FilePath.Component($0) }),
            let folder = try folder(components.dropLast()),
            let entry = try? folder.openEntry(last.string)
        else { return }
        let status = try entry.status()
        if status.kind == .characterDevice, status.deviceMajor == 0, status.deviceMinor == 0 {
            try Files.removeWholly(folder.procPath.appending(last))
        }
    }

    /// nil where the step changed nothing in it, or put something else in its place.
    private func folder(_ components: some Collection<String>) throws(SystemError) -> Descriptor? {
        var folder = descriptor
        for name in components {
            let raw = ob_openat(folder.raw, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
            if raw < 0 {
                if [ENOENT, ENOTDIR, ELOOP].contains(errno) { return nil }
                throw SystemError("open the folder", folder.path.appending(name), .current)
            }
            folder = Descriptor(adopting: raw, path: folder.path.appending(name))
        }
        return folder
    }

    /// Looks before it opens: the step may have put a device in the place, and opening one can do anything.
    private func empty(_ name: FilePath.Component, in folder: Descriptor) throws(SystemError) {
        let entry = try folder.openBelow(bytes(of: name), flags: ob_open_path_flag() | O_NOFOLLOW)
        guard try entry.status().kind == .regular else { return }
        let raw = entry.procPath.withPlatformString { ob_openat(AT_FDCWD, $0, O_WRONLY | O_TRUNC, 0) }
        guard raw >= 0 else { throw SystemError("empty", entry.path, .current) }
        close(raw)
    }
}

private func bytes(of name: FilePath.Component) -> [UInt8] {
    name.withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
}

/// Whether `name` is `pattern`, in which each `*` stands for any bytes.
func wildcard(_ pattern: String, matches name: some Collection<UInt8>) -> Bool {
    let pieces = Array(pattern.utf8).split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
    var rest = Array(name)[...]
    guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else {
        return rest.elementsEqual(pattern.utf8)
    }
    guard rest.starts(with: first) else { return false }
    rest = rest.dropFirst(first.count)
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
        guard let range = rest.firstRange(of: piece) else { return false }
        rest = rest[range.upperBound...]
    }
    return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
}
