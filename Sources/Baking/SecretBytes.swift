import Glibc
import SystemIO

/// The values of a step's secrets, to keep them out of its log and its layer.
///
/// A value counts without the white space around it, and so does each line of one with several lines, as of a key in
/// PEM form. A text of fewer than 4 bytes is too common to be looked for. Forms that a step makes of a secret, such as its
/// Base64, cannot be known.
struct SecretBytes: Sendable {
    /// What to look for, by the secret's name; longer texts first, so that a whole value goes before its lines.
    private let needles: [(name: String, bytes: [UInt8])]
    private let firstBytes: Set<UInt8>

    static let shortest = 4
    private static let mask = Array("***".utf8)

    /// `values` are the secrets' values by name.
    init(_ values: [String: String]) {
        var needles: [(name: String, bytes: [UInt8])] = []
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            let texts = [Substring(value)] + value.split(whereSeparator: \.isNewline)
            for bytes in texts.map({ $0.utf8.trimmed }) where bytes.count >= Self.shortest {
                if !needles.contains(where: { $0.bytes == bytes }) { needles.append((name, bytes)) }
            }
        }
        self.needles = needles.sorted { $0.bytes.count > $1.bytes.count }
        self.firstBytes = Set(needles.compactMap(\.bytes.first))
    }

    var isEmpty: Bool { needles.isEmpty }

    /// Copies `source` from its start to the end of `target`, every value masked.
    func copyMasked(_ source: Descriptor, to target: Descriptor) throws {
        try scan(source) { window, isLast in
            var kept: [UInt8] = []
            var position = window.startIndex
            // What could still become a value with the next piece waits for it.
            let end = isLast ? window.endIndex : max(window.startIndex, window.endIndex - longest + 1)
            while position < end {
                let byte = window[position]
                if firstBytes.contains(byte),
                    let needle = needles.first(where: { window[position...].starts(with: $0.bytes) })
                {
                    kept += Self.mask
                    position += needle.bytes.count
                } else {
                    kept.append(byte)
                    position += 1
                }
            }
            try target.write(kept)
            return position - window.startIndex
        }
    }

    /// The name of a secret whose value is in the file, nil where there is none.
    func firstName(in file: Descriptor) throws -> String? {
        var found: String?
        try scan(file) { window, isLast in
            found = found ?? needles.first { contains(window, $0.bytes) }?.name
            return isLast || found != nil ? window.count : max(0, window.count - longest + 1)
        }
        return found
    }

    private var longest: Int { needles.first?.bytes.count ?? 1 }

    /// Gives the file in windows that overlap by what `body` leaves; it answers how much it is done with.
    private func scan(_ file: Descriptor, _ body: (ArraySlice<UInt8>, _ isLast: Bool) throws -> Int) throws {
        var window: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 256 << 10)
        var offset: Int64 = 0
        while true {
            let count = try piece.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
            offset += Int64(count)
            window += piece[..<count]
            let done = try body(window[...], count == 0)
            window.removeFirst(done)
            if count == 0 { return }
        }
    }

    private func contains(_ window: ArraySlice<UInt8>, _ needle: [UInt8]) -> Bool {
        window.withUnsafeBytes { haystack in
            needle.withUnsafeBytes { wanted in
                guard let start = haystack.baseAddress, let bytes = wanted.baseAddress else { return false }
                var position = 0
                while position + wanted.count <= haystack.count,
                    let hit = memchr(
                        start + position,
                        Int32(wanted[0]),
                        haystack.count - position - wanted.count + 1
                    )
                {
                    if memcmp(hit, bytes, wanted.count) == 0 { return true }
                    position = start.distance(to: UnsafeRawPointer(hit)) + 1
                }
                return false
            }
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
