import CShims
import Glibc
import SystemIO
import SystemPackage

extension SandboxBind {
    /// The host's resolver and names, which a step with the host's network needs.
    static let hostNetworkFiles: [FilePath] = ["/etc/resolv.conf", "/etc/hosts"]

    /// Opens the source as it is: a symlink is refused, and what was checked is what is bound.
    func openSource(followsSymlinks: Bool = false) throws -> Descriptor? {
        guard case .path(let path) = source else { return nil }
        let flags = ob_open_path_flag() | (followsSymlinks ? 0 : O_NOFOLLOW)
        let file = try Descriptor.open(path, flags: flags)
        switch try file.status().kind {
        case .regular, .directory, .socket: return file
        case .symlink: throw SandboxError(.step, "the mount source '\(path)' is a symlink")
        case .characterDevice, .blockDevice, .fifo:
            throw SandboxError(.step, "the mount source '\(path)' is neither a file nor a folder")
        }
    }

    /// Puts the source under a name of the stage, from where the runtime binds it into the root.
    func place(_ opened: Descriptor?, at path: FilePath) throws {
        switch source {
        case .content(let text, let mode): try write(Array(text.utf8), mode, to: path)
        case .bytes(let bytes, let mode): try write(bytes, mode, to: path)
        case .path:
            guard let opened else { return }
            if try opened.status().kind == .directory {
                try Files.makeFolder(path)
            } else {
                _ = try Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            }
            try Mounts.bind(opened.procPath, on: path)
        }
    }

    private func write(_ bytes: [UInt8], _ mode: UInt32, to path: FilePath) throws {
        try AtomicFile.write(bytes, to: path)
        guard path.withPlatformString({ chmod($0, mode) }) == 0 else {
            throw SystemError("set the mode of", path, .current)
        }
    }
}
