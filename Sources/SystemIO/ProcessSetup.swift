import CShims
import Glibc
package import SystemPackage

/// What a process of ours sets up before anything else, and what it was given.
package enum ProcessSetup {
    /// UTF-8 names for libarchive, and EPIPE instead of an end by SIGPIPE.
    package static func prepare() {
        ob_use_utf8_locale()
        ob_survive_broken_pipes()
    }

    /// The environment; of a name that is there twice the first value counts, as with `getenv`.
    package static var environment: [String: String] {
        var values: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2, values[String(pair[0])] == nil { values[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return values
    }

    /// The program that this process runs, resolved.
    package static func executable() throws(SystemError) -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        guard readlink("/proc/self/exe", &buffer, Int(PATH_MAX)) > 0 else {
            throw SystemError("find the executable", "/proc/self/exe", .current)
        }
        return FilePath(platformString: buffer)
    }
}
