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
            let components = file.pattern.split(separator: "/").map(String.init)
            guard let last = components.last, let folder = try folder(components.dropLast()) else { continue }
            for name in try Files.names(in: folder.procPath) where wildcard(last, matches: name.string) {
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

    private func empty(_ name: FilePath.Component, in folder: Descriptor) throws(SystemError) {
        let raw = name.withPlatformString { ob_openat(folder.raw, $0, O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0) }
        if raw < 0 { return }
        let file = Descriptor(adopting: raw, path: folder.path.appending(name))
        guard try file.status().kind == .regular else { return }
        guard ftruncate(file.raw, 0) == 0 else { throw SystemError("empty", file.path, .current) }
    }
}

/// Whether `name` is `pattern`, in which each `*` stands for any text.
func wildcard(_ pattern: String, matches name: String) -> Bool {
    let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard pieces.count > 1 else { return pattern == name }
    var rest = Substring(name)
    guard rest.hasPrefix(pieces[0]) else { return false }
    rest = rest.dropFirst(pieces[0].count)
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
        guard let range = rest.firstRange(of: piece) else { return false }
        rest = rest[range.upperBound...]
    }
    return rest.hasSuffix(pieces[pieces.count - 1])
}
