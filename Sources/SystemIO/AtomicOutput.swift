import CShims
import Glibc
package import SystemPackage

/// A large file or a folder that appears at its place whole or not at all.
///
/// It grows beside its place under a name of its own. A symlink at the place is replaced, never followed.
package enum AtomicOutput {
    /// Writes a file by `body`, then puts it into its place, where it replaces what is there.
    package static func file<Value>(
        _ path: FilePath,
        mode: UInt32 = 0o644,
        _ body: (Descriptor) throws -> Value
    ) throws -> Value {
        let (folder, file) = try begin(path, mode)
        do {
            let value = try body(file)
            try finish(file, path, folder)
            return value
        } catch {
            try? Files.removeFile(file.path)
            throw error
        }
    }

    /// The same with a body that waits for something.
    package static func file<Value>(
        _ path: FilePath,
        mode: UInt32 = 0o644,
        _ body: (Descriptor) async throws -> Value
    ) async throws -> Value {
        let (folder, file) = try begin(path, mode)
        do {
            let value = try await body(file)
            try finish(file, path, folder)
            return value
        } catch {
            try? Files.removeFile(file.path)
            throw error
        }
    }

    private static func begin(
        _ path: FilePath,
        _ mode: UInt32
    ) throws(SystemError) -> (folder: FilePath, file: Descriptor) {
        let (folder, _) = try prepare(path)
        if let existing = try FileStatus.ofExisting(path), existing.kind == .directory {
            throw SystemError("write", path, .isDirectory)
        }
        return (folder, try TemporaryFile.create(beside: path, in: folder, mode: mode))
    }

    private static func finish(
        _ file: Descriptor,
        _ path: FilePath,
        _ folder: FilePath
    ) throws(SystemError) {
        try file.sync()
        try Files.rename(file.path, to: path)
        try Files.syncFolder(folder)
    }

    /// Fills a folder by `body`, then puts it into its place; `replaces` takes away a folder that is there.
    ///
    /// Without `replaces` something at the place is EEXIST, before `body` runs. All of the folder is on the disk before it
    /// gets its name. What is left of a replaced folder, because it could not be removed, is no failure: `leftover` is
    /// told its path and the first reason.
    package static func folder<Value>(
        _ path: FilePath,
        replaces: Bool = false,
        leftover: (FilePath, SystemError) -> Void = { _, _ in },
        _ body: (FilePath) throws -> Value
    ) throws -> Value {
        try folder(path, replaces: replaces, leftover: leftover, remove: Files.removeTree, body)
    }

    static func folder<Value>(
        _ path: FilePath,
        replaces: Bool,
        leftover: (FilePath, SystemError) -> Void,
        remove: (FilePath) -> [SystemError],
        _ body: (FilePath) throws -> Value
    ) throws -> Value {
        let (parent, temporary) = try prepare(path)
        if !replaces, try FileStatus.ofExisting(path) != nil { throw SystemError("write", path, .fileExists) }
        try Files.makeFolder(temporary, mode: 0o700)
        let value: Value
        var old: FilePath?
        do {
            value = try body(temporary)
            guard temporary.withPlatformString({ chmod($0, 0o755) }) == 0 else {
                throw SystemError("change the mode of", temporary, .current)
            }
            try sync(temporary)
            if try !Files.renameIfAbsent(folder: temporary, to: path) {
                guard replaces else { throw SystemError("write", path, .fileExists) }
                try exchange(temporary, path)
                // What was at the place has the temporary name now.
                old = temporary
            }
        } catch {
            _ = remove(temporary)
            throw error
        }
        // From here on the new folder is in its place.
        if let old, let error = remove(old).first { leftover(old, error) }
        try Files.syncFolder(parent)
        return value
    }

    /// Waits until the folder is on the disk with all that is in it: the folders inside of it too, which no file's own
    /// sync covers.
    private static func sync(_ folder: FilePath) throws(SystemError) {
        let root = try Descriptor.openFolder(folder)
        guard ob_syncfs(root.raw) == 0 else { throw SystemError("sync", folder, .current) }
    }

    private static func prepare(_ path: FilePath) throws(SystemError) -> (folder: FilePath, temporary: FilePath) {
        guard let name = path.lastComponent, name.kind == .regular else {
            throw SystemError("write", path, .invalidArgument)
        }
        let parent = path.removingLastComponent()
        let folder = parent.isEmpty ? FilePath(".") : parent
        try Files.makeFolder(folder)
        return (folder, folder.appending(".\(name.string).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).tmp"))
    }

    private static func exchange(_ left: FilePath, _ right: FilePath) throws(SystemError) {
        let result = left.withPlatformString { left in
            right.withPlatformString { ob_renameat2(AT_FDCWD, left, AT_FDCWD, $0, UInt32(exchangeFlag)) }
        }
        guard result == 0 else { throw SystemError("exchange with '\(right)'", left, .current) }
    }

    /// RENAME_EXCHANGE of Linux, renameat2(2).
    private static let exchangeFlag = 2
}

extension Files {
    /// Renames a folder unless `new` exists already; false where it does.
    fileprivate static func renameIfAbsent(folder old: FilePath, to new: FilePath) throws(SystemError) -> Bool {
        let result = old.withPlatformString { old in
            new.withPlatformString { ob_renameat2(AT_FDCWD, old, AT_FDCWD, $0, ob_rename_noreplace_flag()) }
        }
        if result == 0 { return true }
        let code = Errno.current
        if code == .fileExists { return false }
        throw SystemError("rename to '\(new)'", old, code)
    }
}
