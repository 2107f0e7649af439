/// A SHA-256 digest as the OCI image specification writes it: `sha256:` and 64 lower-case hexadecimal digits.
///
/// Only what follows that grammar can be held, so a digest may be used as a file name.
/// Source: OCI image specification 1.1, descriptor.md, "Digests".
package struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible, Codable {
    // As numbers, big-endian, since there may be a million of them in memory.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The 64 hexadecimal digits.
    package var hex: String {
        String(unsafeUninitializedCapacity: 64) { text in
            writeHex(to: UnsafeMutableRawBufferPointer(text))
            return 64
        }
    }

    /// Appends the 64 hexadecimal digits.
    package func appendHex(to text: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { digits in
            writeHex(to: digits)
            text.append(contentsOf: digits)
        }
    }

    private func writeHex(to digits: UnsafeMutableRawBufferPointer) {
        write(words.0, to: digits, at: 0)
        write(words.1, to: digits, at: 16)
        write(words.2, to: digits, at: 32)
        write(words.3, to: digits, at: 48)
    }

    private func write(_ word: UInt64, to digits: UnsafeMutableRawBufferPointer, at place: Int) {
        for index in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * index)) & 15
            digits[place + index] = digit < 10 ? 0x30 + digit : 0x57 + digit
        }
    }

    /// Reads `sha256:<hex>`; nil for any other text, other algorithms among them.
    package init?(_ text: String) {
        guard text.hasPrefix("sha256:") else { return nil }
        self.init(hex: String(text.dropFirst(7)))
    }

    /// Reads 64 lower-case hexadecimal digits.
    package init?(hex: String) {
        guard let digest = Array(hex.utf8).withUnsafeBytes({ Digest(hexDigits: $0) }) else { return nil }
        self = digest
    }

    /// The same of the digits' bytes.
    package init?(hexDigits digits: UnsafeRawBufferPointer) {
        guard digits.count == 64 else { return nil }
        var isValid = true
        words = Self.words { word in
            var value: UInt64 = 0
            for digit in digits[16 * word..<16 * word + 16] {
                isValid = isValid && isLowerHex(digit)
                value = value << 4 | UInt64(digit & 15) &+ (digit < 0x60 ? 0 : 9)
            }
            return value
        }
        if !isValid { return nil }
    }

    /// Takes the 32 bytes of a digest.
    package init(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == 32, "a SHA-256 digest has 32 bytes")
        words = Self.words { word in
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self))
        }
    }

    /// The 32 bytes.
    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            write(to: UnsafeMutableRawBufferPointer(buffer))
            count = 32
        }
    }

    /// Writes the 32 bytes.
    package func write(to bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count == 32, "a SHA-256 digest has 32 bytes")
        for (index, word) in [words.0, words.1, words.2, words.3].enumerated() {
            bytes.storeBytes(of: word.bigEndian, toByteOffset: 8 * index, as: UInt64.self)
        }
    }

    private static func words(_ word: (Int) -> UInt64) -> (UInt64, UInt64, UInt64, UInt64) {
        (word(0), word(1), word(2), word(3))
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let digest = Digest(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a sha256 digest")
        }
        self = digest
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package var description: String { "sha256:\(hex)" }

    /// The first 12 digits, for people.
    package var short: String { String(hex.prefix(12)) }

    package static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    package static func < (left: Digest, right: Digest) -> Bool { left.words < right.words }

    package func hash(into hasher: inout Hasher) {
        // One word of a digest is as good as all.
        hasher.combine(words.0)
    }
}

private func isLowerHex(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}

/// Lower-case hexadecimal digits of `bytes`.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits: [UInt8] = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(64)
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
