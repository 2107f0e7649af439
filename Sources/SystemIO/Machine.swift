import Glibc

/// What uname(2) says of this machine.
package enum Machine {
    /// The kernel's release, as in `6.1.0-30-amd64`.
    package static var kernelRelease: String { text(of: names.release) }
    /// The hardware, as in `x86_64` or `armv7l`.
    package static var hardware: String { text(of: names.machine) }

    private static var names: utsname {
        var names = utsname()
        uname(&names)
        return names
    }

    private static func text<Field>(of field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
