package import Baking
import Glibc
import SystemIO
package import SystemPackage

/// The complete output of a failed step, line by line: `base:run-2 | make: *** No rule`.
///
/// Read in pieces, so an output of any size takes the same memory; a line longer than a piece is shown in several.
package enum FailureOutput {
    private static let pieceSize = 64 * 1024

    /// Calls `show` with each line of the file at `log`, in order.
    package static func stream(
        _ name: StepName,
        log: FilePath,
        prefixed: Bool = true,
        show: (String) throws -> Void
    ) throws {
        let file = try Descriptor.openForReading(log)
        let prefix = prefixed ? "\(name) | ".neutralised : ""
        var buffer = [UInt8](repeating: 0, count: pieceSize)
        var lines = OutputLines()
        while true {
            let count = try buffer.withUnsafeMutableBufferPointer { (bytes) throws(SystemError) in
                try file.read(into: UnsafeMutableRawBufferPointer(bytes))
            }
            if count == 0 { break }
            for line in lines.take(buffer[..<count]) { try show(prefix + line) }
        }
        if let line = lines.rest() { try show(prefix + line) }
    }
}

/// Bytes of a program's output in, harmless lines out.
///
/// A line ends at a line feed, or at a carriage return, with which programs redraw a line. Colours are dropped, other
/// control characters made visible; a tab stays. Bytes that are not UTF-8 become U+FFFD.
package struct OutputLines {
    private static let longest = 64 * 1024
    private var pending: [UInt8] = []

    package init() {}

    package mutating func take(_ bytes: some Sequence<UInt8>) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(finish())
            } else {
                // A carriage return before a line feed belongs to it; one before anything else ended a line.
                if pending.last == UInt8(ascii: "\r"), byte != UInt8(ascii: "\r") { lines.append(finish()) }
                pending.append(byte)
                if pending.count >= Self.longest { lines += cutLongLine() }
            }
        }
        return lines
    }

    /// What follows the last line end, or nil where nothing does.
    package mutating func rest() -> String? { pending.isEmpty ? nil : finish() }

    private mutating func finish() -> String {
        while pending.last == UInt8(ascii: "\r") { pending.removeLast() }
        defer { pending.removeAll(keepingCapacity: true) }
        return Self.harmless(String(decoding: pending, as: UTF8.self))
    }

    /// Gives out a line that got too long, up to the last whole character.
    private mutating func cutLongLine() -> [String] {
        var end = pending.count
        while end > pending.count - 4, pending[end - 1] & 0b1100_0000 == 0b1000_0000 { end -= 1 }
        if end > 0, pending[end - 1] >= 0b1100_0000 { end -= 1 }
        if end == 0 { end = pending.count }
        let tail = Array(pending[end...])
        pending.removeSubrange(end...)
        let line = finish()
        pending = tail
        return [line]
    }

    private static func harmless(_ line: String) -> String {
        guard line.unicodeScalars.contains(where: \.steersTerminals) else { return line }
        var text = ""
        var rest = Substring(line).unicodeScalars
        while let scalar = rest.first {
            if scalar == "\u{1b}", let after = endOfColour(rest) {
                rest = rest[after...]
                continue
            }
            rest.removeFirst()
            if scalar.steersTerminals, scalar != "\t" {
                text += scalar.visible
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// Where a sequence that only sets colours (`ESC [ digits m`) ends, or nil for any other.
    private static func endOfColour(_ text: Substring.UnicodeScalarView) -> Substring.Index? {
        var position = text.index(after: text.startIndex)
        guard position < text.endIndex, text[position] == "[" else { return nil }
        position = text.index(after: position)
        while position < text.endIndex, ("0"..."9").contains(text[position]) || text[position] == ";" {
            position = text.index(after: position)
        }
        guard position < text.endIndex, text[position] == "m" else { return nil }
        return text.index(after: position)
    }
}
