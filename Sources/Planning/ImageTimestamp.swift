package import Bakefiles
package import Diagnostics

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

extension DiagnosticIdentifier {
    /// `SOURCE_DATE_EPOCH` is set to something that is no time.
    package static let sourceDateEpoch: Self = "source-date-epoch"
}
