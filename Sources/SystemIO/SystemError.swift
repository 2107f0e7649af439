import Glibc
package import SystemPackage

/// A system call that failed: what was tried, on which path, and what the system answered.
package struct SystemError: Error, Hashable, CustomStringConvertible {
    /// What was being done, as a verb phrase: `open`, `read the folder`.
    package let action: String
    package let path: String
    package let code: Errno

    package init(_ action: String, _ path: String, _ code: Errno) {
        self.action = action
        self.path = path
        self.code = code
    }

    package init(_ action: String, _ path: FilePath, _ code: Errno) {
        self.init(action, path.string, code)
    }

    package var description: String { "cannot \(action) '\(path)': \(code)" }

    /// The file system has no room, or the user's quota is used up.
    package var isOutOfSpace: Bool { code == .noSpace || code.rawValue == EDQUOT }
}

extension Errno {
    /// The `errno` of the system call that just failed.
    package static var current: Errno { Errno(rawValue: errno) }
}
