import CShims
import Glibc
package import SystemPackage

extension Descriptor {
    /// Opens a file below this folder for reading; a path that leaves it, through `..` or a symlink, is EXDEV.
    ///
    /// The kernel decides: openat2(2) with RESOLVE_BENEATH. What is no regular file is refused without waiting for it:
    /// a folder with EISDIR, anything else with ENOTSUP.
    package func openBeneath(_ path: FilePath) throws(SystemError) -> Descriptor {
        let raw = path.withPlatformString { ob_openat_in_root(self.raw, $0, O_RDONLY | O_NONBLOCK, 0, 1) }
        guard raw >= 0 else { throw SystemError("open", self.path.pushing(path), .current) }
        let file = Descriptor(adopting: raw, path: self.path.pushing(path))
        switch try file.status().kind {
        case .regular: return file
        case .directory: throw SystemError("read", file.path, .isDirectory)
        default: throw SystemError("read", file.path, .notSupported)
        }
    }
}
