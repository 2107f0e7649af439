import CShims
import Glibc
package import SystemPackage

extension Files {
    /// Removes a file, a symlink, or a folder with all that is in it; nothing there is fine.
    ///
    /// Works on descriptors of the folders that it enters, follows no symlink, and enters no mount point. What cannot
    /// be removed (the files of another user, a mount point) stays and is returned as one error each, at most 20; the
    /// rest goes.
    package static func removeTree(_ path: FilePath) -> [SystemError] {
        var remover = TreeRemover()
        guard let name = path.lastComponent else { return [SystemError("remove", path, .invalidArgument)] }
        let parent = path.removingLastComponent()
        do {
            let folder = try Descriptor.openFolder(parent.isEmpty ? "." : parent)
            remover.top = folder
            remover.remove(name, in: folder, depth: 0)
            // Only now, when no folder of the way down is open any more.
            while let next = remover.moved.popLast() { remover.remove(next, in: folder, depth: 0) }
        } catch {
            if error.code != .noSuchFileOrDirectory { remover.errors.append(error) }
        }
        return remover.errors
    }
}

private struct TreeRemover {
    /// Deeper folders are moved to the top, and are removed from there later, so that open descriptors and stack stay
    /// bounded.
    private static let deepest = 64

    var errors: [SystemError] = []
    /// The folder that the tree is in.
    var top: Descriptor?
    /// Names in `top` that are still to be removed.
    var moved: [FilePath.Component] = []
    private var moveCount = 0

    mutating func remove(_ name: FilePath.Component, in folder: Descriptor, depth: Int) {
        if unlink(name, in: folder, 0) { return }
        // Linux answers EISDIR for a folder, POSIX has EPERM.
        guard errno == EISDIR || errno == EPERM else { return note(name, in: folder) }
        if unlink(name, in: folder, AT_REMOVEDIR) { return }
        guard errno == ENOTEMPTY || errno == EEXIST || errno == EACCES else { return note(name, in: folder) }
        if depth >= Self.deepest, let top, moveUp(name, from: folder, to: top) { return }
        guard let inner = enter(name, in: folder) else { return note(name, in: folder) }
        do {
            for child in try namesOfOpen(inner) { remove(child, in: inner, depth: depth + 1) }
        } catch {
            add(error)
        }
        if !unlink(name, in: folder, AT_REMOVEDIR), errors.isEmpty { note(name, in: folder) }
    }

    /// Gives the folder a name of its own at the top, where it waits for its removal.
    private mutating func moveUp(_ name: FilePath.Component, from folder: Descriptor, to top: Descriptor) -> Bool {
        moveCount += 1
        guard let target = FilePath.Component(".remove-\(getpid())-\(UInt32.random(in: 0...UInt32.max))-\(moveCount)")
        else {
            return false
        }
        let result = name.withPlatformString { old in
            target.withPlatformString { ob_renameat2(folder.raw, old, top.raw, $0, ob_rename_noreplace_flag()) }
        }
        guard result == 0 else { return false }
        moved.append(target)
        return true
    }

    /// Opens a folder that is neither symlink nor mount point, giving the owner the bits that removing needs.
    private func enter(_ name: FilePath.Component, in folder: Descriptor) -> Descriptor? {
        name.withPlatformString { name in
            var raw = ob_open_folder_here(folder.raw, name)
            if raw < 0, errno == EACCES {
                // chmod of a symlink is refused here, so this cannot reach outside.
                fchmodat(folder.raw, name, 0o700, AT_SYMLINK_NOFOLLOW)
                raw = ob_open_folder_here(folder.raw, name)
            }
            guard raw >= 0 else { return nil }
            let inner = Descriptor(adopting: raw, path: folder.path.appending(String(cString: name)))
            fchmod(raw, 0o700)
            return inner
        }
    }

    private func unlink(_ name: FilePath.Component, in folder: Descriptor, _ flags: Int32) -> Bool {
        name.withPlatformString { unlinkat(folder.raw, $0, flags) == 0 || errno == ENOENT }
    }

    private mutating func note(_ name: FilePath.Component, in folder: Descriptor) {
        add(SystemError("remove", folder.path.appending(name), .current))
    }

    private mutating func add(_ error: SystemError) {
        if errors.count < 20 { errors.append(error) }
    }
}

/// The names in an open folder without `.` and `..`.
private func namesOfOpen(_ folder: Descriptor) throws(SystemError) -> [FilePath.Component] {
    let copy = fcntl(folder.raw, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0, let stream = fdopendir(copy) else {
        let code = Errno.current
        if copy >= 0 { close(copy) }
        throw SystemError("read the folder", folder.path, code)
    }
    defer { closedir(stream) }
    var names: [FilePath.Component] = []
    while true {
        errno = 0
        guard let entry = readdir(stream) else {
            if errno != 0 { throw SystemError("read the folder", folder.path, .current) }
            return names
        }
        let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
            tuple.withMemoryRebound(to: CChar.self, capacity: 256) { FilePath.Component(platformString: $0) }
        }
        // Neither "." nor ".." is a regular component.
        if let name, name.kind == .regular { names.append(name) }
    }
}
