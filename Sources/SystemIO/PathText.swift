/// Paths in text, as the kernel sees them: bytes.
///
/// A slash and a combining mark after it are one `Character`, so that `split` and `hasPrefix` of `String` pass over it.
extension StringProtocol {
    /// The pieces between slashes, empty ones left out.
    package var pathComponents: [String] {
        utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Starts with a slash.
    package var isAbsolutePath: Bool { utf8.first == UInt8(ascii: "/") }

    /// The bytes of `self` begin with those of `prefix`.
    package func startsWithBytes(of prefix: some StringProtocol) -> Bool { utf8.starts(with: prefix.utf8) }

    /// Equal byte by byte: what looks the same may be two names.
    package func hasSameBytes(as other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }
}
