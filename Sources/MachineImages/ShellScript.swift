import Layers

/// A POSIX shell script that grows line by line: bytes, because the names of files are bytes.
package struct ShellScript {
    private(set) var bytes: [UInt8] = []

    /// Appends text of ours, as it is.
    mutating func add(_ text: String) {
        bytes += Array(text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Appends one command with its arguments, each quoted.
    mutating func call(_ name: String, _ arguments: [UInt8]...) {
        bytes += Array(name.utf8)
        for argument in arguments { bytes += [UInt8(ascii: " ")] + Self.quoted(argument) }
        bytes.append(UInt8(ascii: "\n"))
    }

    mutating func call(_ name: String, _ arguments: String...) {
        add(([name] + arguments.map { Self.quoted($0) }).joined(separator: " "))
    }

    /// A word that the shell takes for exactly these bytes: nothing means anything between single quotes but the next one.
    static func quoted(_ word: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "'")
        return [quote] + word.flatMap { $0 == quote ? Array(#"'\''"#.utf8) : [$0] } + [quote]
    }

    package static func quoted(_ word: String) -> String { String(decoding: quoted(Array(word.utf8)), as: UTF8.self) }

    /// Text for a comment or a message: one line without control characters.
    static func line(_ text: String) -> String { printable(Array(text.utf8)) }
}
