import Glibc
import SystemIO

/// The values of secrets, to keep them out of logs, messages, layers and documents.
///
/// A value counts without the white space around it. In a log so does each line of one with several lines, as of a
/// key in PEM form; in a layer only lines that tell such a value from other files: at least 16 bytes, and neither
/// `-----BEGIN ...-----` nor `[section]`, which stand in programs and settings of every image. A text of fewer than 4
/// bytes is too common to be looked for, and one of fewer than 8 where no step could have put it: in hundreds of megabytes
/// of packages it would stand by chance. Forms that a step makes of a secret, such as its Base64, cannot be known.
package struct SecretBytes: Sendable {
    private struct Needle: Sendable {
        /// The secret's name.
        let name: String
        let bytes: [UInt8]
        /// Whether a layer that holds it gives the secret away.
        var isTelling: Bool
    }

    /// Longer texts first, so that a whole value goes before its lines.
    private let needles: [Needle]
    /// The needles by their first four bytes, in their order.
    private let buckets: [UInt32: [Int]]
    /// Whether some needle begins with four bytes of this `slot`: most places are passed by with one look.
    private let isStart: [Bool]

    static let shortest = 4
    /// Where no step could have put it.
    static let shortestElsewhere = 8
    static let shortestTellingLine = 16
    private static let mask = Array("***".utf8)

    /// `values` are the secrets' values by name.
    init(_ values: [String: [UInt8]]) {
        var needles: [Needle] = []
        var known: [[UInt8]: Int] = [:]
        func add(_ text: some Collection<UInt8>, of name: String, isTelling: (([UInt8]) -> Bool)) {
            let bytes = text.trimmed
            guard bytes.count >= Self.shortest else { return }
            let isTelling = isTelling(bytes)
            if let index = known[bytes] {
                needles[index].isTelling = needles[index].isTelling || isTelling
            } else {
                known[bytes] = needles.count
                needles.append(Needle(name: name, bytes: bytes, isTelling: isTelling))
            }
        }
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            add(value, of: name) { _ in true }
            for line in value.split(whereSeparator: { $0 == 0x0a || $0 == 0x0d }) {
                add(line, of: name, isTelling: Self.isTelling)
            }
        }
        needles.sort { $0.bytes.count > $1.bytes.count }
        self.needles = needles
        buckets = Dictionary(grouping: needles.indices) { index in
            needles[index].bytes.withUnsafeBytes { Self.start(of: $0, at: 0) }
        }
        var isStart = [Bool](repeating: false, count: 1 << 16)
        for start in buckets.keys { isStart[Self.slot(start)] = true }
        self.isStart = isStart
    }

    package var isEmpty: Bool { needles.isEmpty }

    /// Whether a line of a longer value would hardly stand in a file that does not hold that value.
    private static func isTelling(_ line: [UInt8]) -> Bool {
        guard line.count >= shortestTellingLine else { return false }
        let isArmour = line.starts(with: Array("-----".utf8)) && line.suffix(5) == Array("-----".utf8)[...]
        return !isArmour && !(line.first == UInt8(ascii: "[") && line.last == UInt8(ascii: "]"))
    }

    /// Copies `source` from its start to the end of `target`, every value masked.
    func copyMasked(_ source: Descriptor, to target: Descriptor) throws {
        try scan(source, cancellation: nil) { window, isLast in
            var kept: [UInt8] = []
            // What could still become a value with the next piece waits for it.
            let end = isLast ? window.count : max(0, window.count - longest + 1)
            let done = mask(window, before: end, into: &kept)
            try target.write(kept)
            return done
        }
    }

    /// Copies what begins before `end`, every value masked; answers how much that was.
    func mask(_ window: UnsafeRawBufferPointer, before end: Int, into kept: inout [UInt8]) -> Int {
        var position = 0
        while position < end {
            if let needle = needle(in: window, at: position, where: { _ in true }) {
                kept += Self.mask
                position += needle.bytes.count
            } else {
                kept.append(window[position])
                position += 1
            }
        }
        return position
    }

    /// The first value that gives a secret away in a file: the secret's name, and where it begins; nil where there is none.
    func firstMatch(
        in file: Descriptor,
        atLeast shortest: Int = SecretBytes.shortest,
        cancellation: CancellationFlag
    ) throws -> (name: String, offset: Int64)? {
        var found: (name: String, offset: Int64)?
        var passed: Int64 = 0
        try scan(file, cancellation: cancellation) { window, isLast in
            if found != nil { return window.count }
            let end = isLast ? window.count : max(0, window.count - longest + 1)
            found = firstMatch(in: window, atLeast: shortest, before: end).map { ($0.name, passed + Int64($0.offset)) }
            passed += Int64(end)
            return end
        }
        return found
    }

    /// The first value that gives a secret away and begins before `end`.
    func firstMatch(
        in window: UnsafeRawBufferPointer,
        atLeast shortest: Int,
        before end: Int
    ) -> (name: String, offset: Int)? {
        for position in 0..<end {
            let found = needle(in: window, at: position) { $0.isTelling && $0.bytes.count >= shortest }
            if let found { return (found.name, position) }
        }
        return nil
    }

    private var longest: Int { needles.first?.bytes.count ?? 1 }

    /// The longest needle that stands at a place.
    private func needle(
        in window: UnsafeRawBufferPointer,
        at position: Int,
        where counts: (Needle) -> Bool
    ) -> Needle? {
        guard position + Self.shortest <= window.count else { return nil }
        let start = Self.start(of: window, at: position)
        guard isStart[Self.slot(start)], let bucket = buckets[start] else { return nil }
        for index in bucket where counts(needles[index]) {
            let bytes = needles[index].bytes
            guard position + bytes.count <= window.count, let place = window.baseAddress else { continue }
            if bytes.withUnsafeBytes({ $0.baseAddress.map { memcmp(place + position, $0, bytes.count) } }) == 0 {
                return needles[index]
            }
        }
        return nil
    }

    private static func start(of bytes: UnsafeRawBufferPointer, at position: Int) -> UInt32 {
        bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)
    }

    /// Spreads four bytes over the table (Knuth's multiplicative hash).
    private static func slot(_ start: UInt32) -> Int { Int((start &* 2_654_435_761) >> 16) }

    /// Gives the file in windows that overlap by what `body` leaves; it answers how much it is done with.
    private func scan(
        _ file: Descriptor,
        cancellation: CancellationFlag?,
        _ body: (UnsafeRawBufferPointer, _ isLast: Bool) throws -> Int
    ) throws {
        var window: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 256 << 10)
        var offset: Int64 = 0
        while true {
            try cancellation?.check()
            let count = try piece.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
            offset += Int64(count)
            window += piece[..<count]
            let done = try window.withUnsafeBytes { try body($0, count == 0) }
            window.removeFirst(done)
            if count == 0 { return }
        }
    }
}

extension Collection<UInt8> {
    /// Without ASCII white space at both ends.
    fileprivate var trimmed: [UInt8] {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
        return Array(Array(drop(while: isSpace)).reversed().drop(while: isSpace).reversed())
    }
}
