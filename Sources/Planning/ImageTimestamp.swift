package import Bakefiles
package import Diagnostics
import Glibc
import OCI

/// The image timestamp T, in seconds since 1970.
package enum ImageTimestamp {
    /// `SOURCE_DATE_EPOCH`, else the Bakefile's `timestamp:`, else 0; never the commit's and never the clock's.
    ///
    /// Source: reproducible-builds.org, "SOURCE_DATE_EPOCH specification".
    package static func resolve(_ bakefile: Bakefile, environment: [String: String]) throws -> Int64 {
        try sourceDateEpoch(environment) ?? bakefile.timestamp ?? 0
    }

    /// `SOURCE_DATE_EPOCH`, nil where it is not set.
    package static func sourceDateEpoch(_ environment: [String: String]) throws -> Int64? {
        guard let text = environment["SOURCE_DATE_EPOCH"], !text.isEmpty else { return nil }
        // What a tar, an ext4 inode and RFC 3339 can all say.
        guard let seconds = Int64(text), (0...253_402_300_799).contains(seconds) else {
            throw InvalidInput(
                Diagnostic(
                    "SOURCE_DATE_EPOCH is '\(text)', which is no number of seconds since 1970",
                    .sourceDateEpoch,
                    fix: "set it to a whole number, such as the output of 'git log -1 --format=%ct', or unset it"
                )
            )
        }
        return seconds
    }
}

/// The machine's architecture as OCI writes it (Go's names), with the variant: `amd64`, `arm64`, `arm/v7`.
package func hostArchitecture() -> String {
    var names = utsname()
    uname(&names)
    let machine = withUnsafeBytes(of: &names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    switch machine {
    case "armv7l", "armv8l": return "arm/v7"
    case "i486", "i586", "i686": return "386"
    default: return Platform.known.first { $0.emulator == machine }?.architectureName ?? machine
    }
}

extension DiagnosticIdentifier {
    /// `SOURCE_DATE_EPOCH` is set to something that is no time.
    package static let sourceDateEpoch: Self = "source-date-epoch"
}
