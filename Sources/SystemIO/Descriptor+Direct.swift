import CShims
import Glibc
import SystemPackage

extension Descriptor {
    /// Opens the file once more for writing past the kernel's cache; nil where it cannot be opened so.
    ///
    /// Memory, place and length of each write have to be aligned: 4096 is enough for most disks, and a write that is not
    /// aligned enough may answer with EINVAL. Source: open(2), "O_DIRECT".
    package func openedDirect() -> Descriptor? {
        try? .open(FilePath("/proc/self/fd/\(raw)"), flags: O_WRONLY | ob_open_direct_flag())
    }
}
