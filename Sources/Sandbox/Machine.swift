import Glibc
import OCI

/// What uname(2) says of this machine.
enum Machine {
    /// As in `6.1.0-30-amd64`.
    static var kernelRelease: String { text(of: names.release) }

    /// What dpkg calls its architecture; nil where Debian does not know it.
    static var debianArchitecture: String? {
        let machine = text(of: names.machine)
        return Platform.known.first { $0.emulator == machine }?.debianArchitecture
    }

    private static var names: utsname {
        var names = utsname()
        uname(&names)
        return names
    }

    private static func text<Field>(of field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
