import CShims
import Glibc
import SystemPackage

/// What is in an open folder, by name; names are bytes, and no symlink is ever followed.
extension Descriptor {
    /// Opens `path` below this folder; a symlink anywhere on the way is ELOOP, and so is leaving the folder EXDEV.
    ///
    /// An empty path is the folder itself.
    package func openBelow(_ path: [UInt8], flags: Int32, mode: UInt32 = 0) throws(SystemError) -> Descriptor {
        let result = withCString(path.isEmpty ? [UInt8(ascii: ".")] : path) {
            ob_openat_no_symlinks(raw, $0, flags, mode)
        }
        guard result >= 0 else { throw failure("open", path) }
        return Descriptor(adopting: result, below: self.path, path)
    }

    /// Opens a file or a folder that is in this folder under `name`, which has no slash; a symlink is ELOOP.
    ///
    /// Does not wait for the other end of a FIFO.
    package func openEntry(_ name: [UInt8], flags: Int32 = O_RDONLY) throws(SystemError) -> Descriptor {
        let result = withCString(name) { ob_openat(raw, $0, flags | O_NOFOLLOW | O_NONBLOCK, 0) }
        guard result >= 0 else { throw failure("open", name) }
        // A folder's own is asked for with each file in it.
        let isFolder = flags & O_DIRECTORY != 0
        return isFolder
            ? Descriptor(adopting: result, path: place(of: name)) : Descriptor(adopting: result, below: path, name)
    }

    /// Of the name itself; nil where nothing is.
    package func status(of name: [UInt8]) throws(SystemError) -> FileStatus? {
        var status = stat()
        if withCString(name, { fstatat(raw, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 { return FileStatus(status) }
        if errno == ENOENT { return nil }
        throw failure("examine", name)
    }

    /// The same of a name that has a zero byte behind it in memory.
    package func status(ofEntry name: UnsafeRawBufferPointer) throws(SystemError) -> FileStatus? {
        var status = stat()
        let text = name.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard let text else { return nil }
        if fstatat(raw, text, &status, AT_SYMLINK_NOFOLLOW) == 0 { return FileStatus(status) }
        if errno == ENOENT { return nil }
        throw failure("examine", Array(name))
    }

    /// Makes a folder; one that is there is EEXIST.
    package func makeFolder(named name: [UInt8], mode: UInt32) throws(SystemError) {
        guard withCString(name, { mkdirat(raw, $0, mode) }) == 0 else { throw failure("make the folder", name) }
    }

    package func makeSymlink(named name: [UInt8], to target: [UInt8]) throws(SystemError) {
        let result = withCString(name) { name in withCString(target) { symlinkat($0, raw, name) } }
        guard result == 0 else { throw failure("make the symlink", name) }
    }

    /// What a symlink says, as it is written.
    package func symlinkTarget(of name: [UInt8]) throws(SystemError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = withCString(name) { name in
            buffer.withUnsafeMutableBufferPointer { room in
                room.baseAddress.map { readlinkat(raw, name, $0, room.count) } ?? -1
            }
        }
        guard count >= 0 else { throw failure("read the symlink", name) }
        return buffer[..<count].map { UInt8(bitPattern: $0) }
    }

    /// Makes `name` a further name of `other` in `folder`; of a symlink if that is one.
    package func makeLink(
        named name: [UInt8],
        to other: [UInt8],
        in folder: Descriptor
    ) throws(SystemError) {
        let result = withCString(name) { name in withCString(other) { linkat(folder.raw, $0, raw, name, 0) } }
        guard result == 0 else { throw failure("make the hard link", name) }
    }

    /// Makes a device or a FIFO; `format` is its `S_IF` bits.
    package func makeNode(
        named name: [UInt8],
        format: UInt32,
        major: UInt32 = 0,
        minor: UInt32 = 0
    ) throws(SystemError) {
        let result = withCString(name) { ob_mknodat(raw, $0, format | 0o600, major, minor) }
        guard result == 0 else { throw failure("make the special file", name) }
    }

    /// Sets owner, group, permission bits and times of this file, in the order that keeps setuid.
    package func setFacts(owner: UInt32, group: UInt32, mode: UInt32) throws(SystemError) {
        guard fchown(raw, owner, group) == 0 else { throw failure("set the owner of", []) }
        guard fchmod(raw, mode) == 0 else { throw failure("set the mode of", []) }
    }

    /// Sets owner and group, and the permission bits of all but a symlink, of a name that the caller has just made.
    package func setFacts(
        of name: [UInt8],
        owner: UInt32,
        group: UInt32,
        mode: UInt32?
    ) throws(SystemError) {
        guard withCString(name, { fchownat(raw, $0, owner, group, AT_SYMLINK_NOFOLLOW) }) == 0 else {
            throw failure("set the owner of", name)
        }
        if let mode, withCString(name, { fchmodat(raw, $0, mode, 0) }) != 0 { throw failure("set the mode of", name) }
    }

    /// Sets access and modification time of this file, or of `name` in this folder: seconds since 1970, and what is below.
    package func setModified(
        _ seconds: Int64,
        nanoseconds: UInt32 = 0,
        of name: [UInt8]? = nil
    ) throws(SystemError) {
        let time = timespec(tv_sec: time_t(seconds), tv_nsec: Int(nanoseconds))
        let result = withUnsafePointer(to: (time, time)) { pair in
            pair.withMemoryRebound(to: timespec.self, capacity: 2) { times in
                if let name { return withCString(name) { utimensat(raw, $0, times, AT_SYMLINK_NOFOLLOW) } }
                return futimens(raw, times)
            }
        }
        guard result == 0 else { throw failure("set the time of", name ?? []) }
    }

    func place(of name: [UInt8]) -> FilePath {
        name.isEmpty ? path : path.appending(bytes: name)
    }

    func failure(_ action: String, _ name: [UInt8]) -> SystemError {
        let code = Errno.current
        return SystemError(action, place(of: name), code)
    }
}

/// Extended attributes of an open file, and of names in an open folder.
extension Descriptor {
    /// Names and values, sorted by the bytes of the name; `name` in this folder, or this file itself.
    ///
    /// A file system without extended attributes has none.
    package func xattrs(of name: [UInt8]? = nil) throws(SystemError) -> [(name: String, value: [UInt8])] {
        let list = try readXattr("read the attributes of", name) { buffer, size in
            if let name {
                withCString(magicPath(name)) { ob_llistxattr($0, buffer, size) }
            } else {
                ob_flistxattr(raw, buffer, size)
            }
        }
        if list.isEmpty { return [] }
        var result: [(name: String, value: [UInt8])] = []
        for key in list.split(separator: 0) {
            let key = String(decoding: key, as: UTF8.self)
            let value = try readXattr("read the attribute \(key) of", name) { buffer, size in
                if let name {
                    withCString(magicPath(name)) { ob_lgetxattr($0, key, buffer, size) }
                } else {
                    ob_fgetxattr(raw, key, buffer, size)
                }
            }
            result.append((key, value))
        }
        return result.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Sets an attribute of this file, or of `name` in this folder.
    package func setXattr(_ key: String, _ value: [UInt8], of name: [UInt8]? = nil) throws(SystemError) {
        let result =
            if let name {
                withCString(magicPath(name)) { ob_lsetxattr($0, key, value, value.count) }
            } else {
                ob_fsetxattr(raw, key, value, value.count)
            }
        guard result == 0 else { throw failure("set the attribute \(key) of", name ?? []) }
    }

    /// There is no `lsetxattrat`: the open folder is reached through /proc, and only the last component is a name.
    private func magicPath(_ name: [UInt8]) -> [UInt8] { Array("/proc/self/fd/\(raw)/".utf8) + name }

    private func readXattr(
        _ action: String,
        _ name: [UInt8]?,
        _ call: (UnsafeMutablePointer<CChar>?, Int) -> Int
    ) throws(SystemError) -> [UInt8] {
        // Most files have none: one call with a small buffer; what grew in between is asked for again.
        var size = 256
        while true {
            let (count, bytes) = withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { buffer in
                let count = call(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
                return (count, count > 0 ? Array(buffer[..<count]) : [])
            }
            if count >= 0 { return bytes }
            if errno == ENOTSUP { return [] }
            guard errno == ERANGE, size < 1 << 20 else { throw failure(action, name ?? []) }
            size *= 16
        }
    }
}
