import Diagnostics

/// A UTF-8 text and the way between its byte offsets, its character numbers and its lines.
///
/// A character is a Unicode scalar. A line ends at LF, CR LF or CR, as editors count; YAML's own further line breaks
/// (NEL, LS, PS) do not start a line for people.
struct SourceText {
    let bytes: [UInt8]
    let file: String
    /// Where the text starts, 3 after a byte order mark; character numbers count from here.
    let start: Int

    private let lineStarts: [Int]
    /// Characters that start before the byte `start + n * stride`; empty where every character is one byte.
    private let characterCounts: [Int]

    private static let stride = 256

    /// Decodes nothing: `bytes` may still be invalid, see `firstInvalidOffset`.
    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var lineStarts = [start]
        var counts: [Int] = []
        var count = 0
        var isASCII = true
        for offset in start..<bytes.count {
            if (offset - start) % Self.stride == 0 { counts.append(count) }
            let byte = bytes[offset]
            if byte & 0xC0 != 0x80 { count += 1 }
            if byte >= 0x80 { isASCII = false }
            let endsLine = byte == 0x0A || (byte == 0x0D && !(offset + 1 < bytes.count && bytes[offset + 1] == 0x0A))
            if endsLine { lineStarts.append(offset + 1) }
        }
        self.lineStarts = lineStarts
        characterCounts = isASCII ? [] : counts
    }

    /// The offset of the character with this number, counted from 0; past the end it is the end.
    func offset(ofCharacter number: Int) -> Int {
        guard !characterCounts.isEmpty else { return min(start + number, bytes.count) }
        var low = 0
        var high = characterCounts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if characterCounts[middle] <= number { low = middle } else { high = middle }
        }
        var offset = start + low * Self.stride
        var count = characterCounts[low]
        while offset < bytes.count {
            if bytes[offset] & 0xC0 != 0x80 {
                if count == number { return offset }
                count += 1
            }
            offset += 1
        }
        return bytes.count
    }

    /// The characters before a byte offset.
    private func character(at offset: Int) -> Int {
        guard !characterCounts.isEmpty, offset > start else { return max(0, offset - start) }
        let block = min((offset - start) / Self.stride, characterCounts.count - 1)
        var count = characterCounts[block]
        for position in (start + block * Self.stride)..<min(offset, bytes.count) where bytes[position] & 0xC0 != 0x80 {
            count += 1
        }
        return count
    }

    /// Where a byte offset is for people; the byte order mark is not counted.
    func place(at offset: Int) -> SourcePlace {
        let offset = min(max(offset, start), bytes.count)
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        let column = character(at: offset) - character(at: lineStarts[low]) + 1
        return SourcePlace(file: file, line: low + 1, column: column)
    }

    func range(_ bytes: Range<Int>) -> TextRange { TextRange(bytes: bytes, place: place(at: bytes.lowerBound)) }

    func byte(at offset: Int) -> UInt8? { bytes.indices.contains(offset) ? bytes[offset] : nil }

    /// The character at an offset and its length in bytes, or nil at the end and where no UTF-8 is (RFC 3629).
    func character(startingAt offset: Int) -> (scalar: Unicode.Scalar, length: Int)? {
        guard let first = byte(at: offset) else { return nil }
        if first < 0x80 { return (Unicode.Scalar(first), 1) }
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        let least: UInt32 = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80
        guard first >= 0xC2, first <= 0xF4, offset + length <= bytes.count else { return nil }
        var value = UInt32(first) & (length == 4 ? 0x07 : length == 3 ? 0x0F : 0x1F)
        for position in offset + 1..<offset + length {
            guard bytes[position] & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(bytes[position] & 0x3F)
        }
        guard value >= least, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }

    /// The first byte that is not part of a character, or nil where the text is UTF-8.
    var firstInvalidOffset: Int? { firstOffset { _ in false } }

    /// The first offset with a character that `isRefused` refuses, or with no character.
    func firstOffset(where isRefused: (Unicode.Scalar) -> Bool) -> Int? {
        var offset = start
        while offset < bytes.count {
            guard let (scalar, length) = character(startingAt: offset), !isRefused(scalar) else { return offset }
            offset += length
        }
        return nil
    }
}

extension SourceText {
    /// What YAML and JSON refuse alike, a size and what is no UTF-8, or nil where the text may be read.
    func refusal(limits: ReadingLimits) -> Diagnostic? {
        if bytes.count > limits.bytes {
            return Diagnostic(
                at: place(at: start),
                "the file has \(bytes.count) bytes, more than the limit of \(limits.bytes)",
                .textTooLarge
            )
        }
        guard let offset = firstInvalidOffset else { return nil }
        let digits = String(bytes[offset], radix: 16, uppercase: true)
        return Diagnostic(
            at: place(at: offset),
            "the byte 0x\(digits) is not UTF-8",
            .notUTF8,
            fix: "save the file as UTF-8"
        )
    }
}
