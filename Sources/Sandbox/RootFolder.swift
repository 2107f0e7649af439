import CShims
import Glibc
import Layers
import SystemIO
import SystemPackage

/// A root file system that nobody changes meanwhile, seen through one descriptor.
///
/// Paths are walked one component at a time without following anything, and symlinks are read and interpreted here, so
/// that no path and no symlink of the root can reach out of it, and a path is known as far as it exists.
struct RootFolder {
    /// A path inside the root without symlinks, `.` and `..`.
    struct Place: Hashable {
        var components: [String]
        /// How many of `components` exist, from the left.
        var existingCount: Int
        /// What the whole path is; nil where a part of it is missing.
        var kind: FileKind?

        /// Absolute, as the step sees it.
        var path: String { "/" + components.joined(separator: "/") }
    }

    /// As many as the kernel follows (path_resolution(7)).
    private static let linkLimit = 40

    let descriptor: Descriptor

    static func open(_ path: FilePath) throws(SystemError) -> RootFolder {
        RootFolder(descriptor: try Descriptor.openFolder(path))
    }

    /// Where `path` leads, following symlinks as a process in the root would.
    func place(of path: String) throws(SandboxError) -> Place {
        var pending = Array(path.pathComponents.reversed())
        var found: [(name: String, folder: Descriptor?)] = []
        var kind: FileKind? = .directory
        var missing = 0
        var links = 0
        while let name = pending.popLast() {
            if name == "." { continue }
            if name == ".." {
                if !found.isEmpty { found.removeLast() }
                missing = max(0, missing - 1)
                kind = missing == 0 ? .directory : nil
                continue
            }
            guard missing == 0 else {
                found.append((name, nil))
                missing += 1
                continue
            }
            guard kind == .directory, let folder = found.isEmpty ? descriptor : found[found.count - 1].folder else {
                throw SandboxError(.step, "'\(path)' leads through a file in the root")
            }
            guard let entry = try child(name, of: folder, path) else {
                found.append((name, nil))
                (missing, kind) = (1, nil)
                continue
            }
            if entry.kind == .symlink {
                links += 1
                guard links <= Self.linkLimit else {
                    throw SandboxError(
                        .step,
                        "'\(path)' leads through more than \(Self.linkLimit) symlinks in the root"
                    )
                }
                let target = try linkTarget(entry.descriptor, path)
                if target.isAbsolutePath { found = [] }
                kind = .directory
                pending += target.pathComponents.reversed()
            } else {
                found.append((name, entry.descriptor))
                kind = entry.kind
            }
        }
        return Place(components: found.map(\.name), existingCount: found.count - missing, kind: kind)
    }

    /// Opens a file of the root with all symlinks resolved inside it; nil where there is none.
    ///
    /// Only a regular file of at most `limit` bytes: a FIFO or a device is never waited for.
    func readFile(_ path: String, limit: Int) throws(SandboxError) -> [UInt8]? {
        let raw = ob_openat_in_root(descriptor.raw, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, 0)
        if raw < 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SandboxError(.step, "\(SystemError("open", "/" + path, .current)) in the root")
        }
        let file = Descriptor(adopting: raw, path: FilePath("/" + path))
        do {
            guard try file.status().kind == .regular else {
                throw SandboxError(.step, "'/\(path)' is no regular file in the root")
            }
            return try file.readAll(limit: limit)
        } catch let error as SystemError where error.code == .fileTooLarge {
            throw SandboxError(.step, "'/\(path)' is larger than \(limit) bytes in the root")
        } catch {
            throw SandboxError.wrapping(error, while: "reading '/\(path)' in the root")
        }
    }

    /// Whether the path itself is a folder, with no symlink on the way.
    func hasFolder(at path: EntryPath) -> Bool {
        (try? descriptor.openBelow(path.bytes, flags: ob_open_path_flag() | O_DIRECTORY)) != nil
    }

    /// What is at a place that exists, not following it.
    func open(_ components: some Collection<String>) throws(SystemError) -> Descriptor {
        var folder = descriptor
        for name in components { folder = try folder.openEntry(name) }
        return folder
    }

    private func child(
        _ name: String,
        of folder: Descriptor,
        _ path: String
    ) throws(SandboxError) -> (descriptor: Descriptor, kind: FileKind)? {
        do {
            let entry = try folder.openEntry(name)
            return (entry, try entry.status().kind)
        } catch {
            if error.code == .noSuchFileOrDirectory { return nil }
            throw SandboxError(.step, "cannot follow '\(path)' in the root: \(error)")
        }
    }

    private func linkTarget(_ link: Descriptor, _ path: String) throws(SandboxError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlinkat(link.raw, "", &buffer, buffer.count)
        let bytes = buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:))
        guard count > 0, let text = String(validating: bytes, as: UTF8.self) else {
            throw SandboxError(.step, "cannot follow '\(path)' in the root: a symlink on its way is not UTF-8 text")
        }
        return text
    }
}

extension Descriptor {
    /// An entry of this folder as it is: a symlink is not followed, a device not opened (O_PATH).
    ///
    /// A name with a slash is EINVAL: the kernel would follow symlinks on its way.
    func openEntry(_ name: String) throws(SystemError) -> Descriptor {
        guard !name.utf8.contains(UInt8(ascii: "/")) else {
            throw SystemError("open", path.appending(name), .invalidArgument)
        }
        let entry = ob_openat(raw, name, ob_open_path_flag() | O_NOFOLLOW, 0)
        guard entry >= 0 else { throw SystemError("open", path.appending(name), .current) }
        return Descriptor(adopting: entry, path: path.appending(name))
    }

    /// A path that names what is open, for calls that take no descriptor.
    var procPath: FilePath { FilePath("/proc/self/fd/\(raw)") }
}
