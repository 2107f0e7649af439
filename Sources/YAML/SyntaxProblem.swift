import Diagnostics

/// What libyaml says of a text that it cannot read, and our words for it.
///
/// libyaml has no codes for its problems, only texts; they are the keys of a table here, and a text that is not in
/// the table is shown as it is.
struct SyntaxProblem {
    let text: String
    /// Characters before the place where libyaml stopped.
    let character: Int
    let context: String?
    /// Characters before the start of what it was reading.
    let contextCharacter: Int

    func diagnostic(in source: SourceText) -> Diagnostic {
        let stop = source.offset(ofCharacter: character)
        let start = source.offset(ofCharacter: contextCharacter)
        let found = SyntaxProblem.shown(source, at: stop)
        let words = context.flatMap { SyntaxProblem.words["\($0): \(text)"] } ?? SyntaxProblem.words[text]
        guard let words = words ?? ownWords(source, stop) else {
            return Diagnostic(at: source.place(at: stop), text, .yamlSyntax, why: context)
        }
        let place = source.place(at: words.isAtStart && context != nil ? start : stop)
        return Diagnostic(
            at: place,
            words.message.replacing("FOUND", with: found),
            .yamlSyntax,
            why: words.why?.replacing("START", with: source.place(at: start).description),
            fix: words.fix
        )
    }

    /// "found character that cannot start any token" depends on the character.
    private func ownWords(_ source: SourceText, _ offset: Int) -> Words? {
        guard text == "found character that cannot start any token" else { return nil }
        if source.byte(at: offset) == 0x09 {
            return Words("a tab character in the indentation", fix: "indent with spaces")
        }
        return Words("a value cannot start with FOUND", fix: "put the value in quotes")
    }

    /// The character at an offset as messages show it.
    private static func shown(_ source: SourceText, at offset: Int) -> String {
        guard let found = source.character(startingAt: offset) else { return "the end of the file" }
        switch found.scalar {
        case "\n", "\r": return "the end of the line"
        case "\t": return "a tab character"
        case let scalar: return "'\(scalar)'"
        }
    }
}

extension SyntaxProblem {
    private struct Words {
        let message: String
        let why: String?
        let fix: String?
        /// Whether the place to look at is where the construct starts, not where reading it stopped.
        let isAtStart: Bool

        init(_ message: String, why: String? = nil, fix: String? = nil, isAtStart: Bool = false) {
            self.message = message
            self.why = why
            self.fix = fix
            self.isAtStart = isAtStart
        }
    }

    private static let noEnd = Words(
        "the quoted text that starts here has no end",
        fix: "close it with the quote that it starts with",
        isAtStart: true
    )

    private static let badEscape = "write '\\\\' for a backslash, or use single quotes"

    private static let words: [String: Words] = [
        "mapping values are not allowed in this context": Words(
            "a ':' in the middle of a value",
            why: "': ' separates a key from its value, and here is no place for a key",
            fix: "put the value in quotes, or start the key on its own line with the indentation of its neighbours"
        ),
        "mapping keys are not allowed in this context": Words(
            "a key is not allowed here",
            fix: "start the key on its own line with the indentation of its neighbours"
        ),
        "block sequence entries are not allowed in this context": Words(
            "a list entry ('- ') is not allowed here",
            fix: "start the list on a line of its own, or put the value in quotes"
        ),
        "could not find expected ':'": Words(
            "a ':' is missing after this key",
            fix: "write ': ' and a value, or indent the line if it goes on with the value above",
            isAtStart: true
        ),
        "did not find expected key": Words(
            "FOUND where a key of the mapping should stand",
            why: "the mapping starts at START",
            fix: "indent the line like the other keys, and put values in quotes that have quotes or brackets in them"
        ),
        "did not find expected '-' indicator": Words(
            "FOUND where an entry of the list ('- ') should stand",
            why: "the list starts at START",
            fix: "start the entry with '- ' under the others"
        ),
        "did not find expected ',' or ']'": Words(
            "FOUND where ',' or ']' should stand",
            why: "the list starts at START"
        ),
        "did not find expected ',' or '}'": Words(
            "FOUND where ',' or '}' should stand",
            why: "the mapping starts at START",
            fix: "put the value in quotes if it is meant as a text"
        ),
        "did not find expected node content": Words(
            "FOUND where a value should stand",
            fix: "write the value, or put it in quotes"
        ),
        "did not find expected <document start>": Words(
            "FOUND after the end of the document",
            fix: "indent the line so that it belongs to what stands above"
        ),
        "did not find expected alphabetic or numeric character": Words(
            "a name is missing after '*' or '&'",
            fix: "put the value in quotes if the character belongs to it",
            isAtStart: true
        ),
        "found unexpected end of stream": noEnd,
        "found unexpected document indicator": noEnd,
        "found unknown escape character": Words("an unknown escape in a double-quoted text", fix: badEscape),
        "did not find expected hexdecimal number": Words("an escape without its hexadecimal digits", fix: badEscape),
        "found invalid Unicode character escape code": Words("an escape that is no Unicode character", fix: badEscape),
        "found a tab character where an indentation space is expected": Words(
            "a tab character in the indentation",
            fix: "indent with spaces"
        ),
        "found a tab character that violates indentation": Words(
            "a tab character in the indentation",
            fix: "indent with spaces"
        ),
        "found undefined tag handle": Words(
            "the tag that starts here has a handle that is not declared",
            fix: "write a tag with one '!', or put the value in quotes"
        ),
    ]
}
