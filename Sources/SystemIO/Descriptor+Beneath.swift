import CShims
import Glibc
package import SystemPackage

extension Descriptor {
    /// Opens a file below this folder for reading; a path that leaves it, through `..` or a symlink, is EXDEV.
    ///
    /// The kernel decides: openat2(2) with RESOLVE_BENEATH.
    package func openBeneath(_ path: FilePath) throws(SystemError) -> Descriptor {
        let raw = path.withPlatformString { ob_openat_in_root(self.raw, $0, O_RDONLY | O_CLOEXEC, 0, 1) }
        guard raw >= 0 else { throw SystemError("open", self.path.pushing(path), .current) }
        let file = Descriptor(adopting: raw, path: self.path.pushing(path))
        guard try file.status().kind != .directory else { throw SystemError("read", file.path, .isDirectory) }
        return file
    }
}
