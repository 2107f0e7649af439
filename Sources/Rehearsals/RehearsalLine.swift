import HTTPTransport

/// A line by which a rehearsed machine, or what answers it, tells of something: a word for what happened, and its words, each
/// ended by a line feed, in Base64.
struct RehearsalLine: Sendable {
    let kind: String
    let words: [String]

    init(_ kind: String, _ words: [String]) {
        self.kind = kind
        self.words = words
    }

    /// Nil for what is no such line.
    init?(_ text: String) {
        let parts = text.split(separator: " ").map(String.init)
        guard parts.count == 2, let bytes = Base64.decode(parts[1]) else { return nil }
        kind = parts[0]
        words = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast().map(String.init)
    }

    var text: String { "\(kind) \(Base64.encode(Array(words.map { "\($0)\n" }.joined().utf8)))" }
}
