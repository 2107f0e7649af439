import HTTPTransport

/// What a server wants to be shown, from `WWW-Authenticate`.
///
/// Source: RFC 9110 section 11.6.1; distribution specification, "token authentication".
enum Challenge: Hashable, Sendable {
    case basic
    /// `lacksRights` says of a token that was shown that it is good, and for less than this (RFC 6750 section 3.1).
    case bearer(realm: String, service: String?, lacksRights: Bool = false)

    /// The challenges that we can answer, bearer first.
    static func all(_ headers: HeaderFields) -> [Challenge] {
        let found = headers.all("www-authenticate").flatMap(parse)
        return found.filter { $0 != .basic } + found.filter { $0 == .basic }
    }

    private static func parse(_ text: String) -> [Challenge] {
        var reader = ChallengeReader(text)
        var challenges: [Challenge] = []
        while let (scheme, parameters) = reader.next() {
            switch scheme.lowercased() {
            case "basic": challenges.append(.basic)
            case "bearer":
                if let realm = parameters["realm"] {
                    let lacksRights = parameters["error"] == "insufficient_scope"
                    challenges.append(
                        .bearer(realm: realm, service: parameters["service"], lacksRights: lacksRights)
                    )
                }
            default: break
            }
        }
        return challenges
    }
}

/// Reads `Scheme name="value", name=value, Other name=value`.
private struct ChallengeReader {
    private let text: [Character]
    private var position = 0

    init(_ text: String) { self.text = Array(text) }

    mutating func next() -> (scheme: String, parameters: [String: String])? {
        skip { $0 == " " || $0 == "," || $0 == "\t" }
        let scheme = take { $0 != " " && $0 != "," }
        guard !scheme.isEmpty else { return nil }
        var parameters: [String: String] = [:]
        while true {
            let start = position
            skip { $0 == " " || $0 == "," || $0 == "\t" }
            let name = take { $0 != "=" && $0 != " " && $0 != "," }
            guard position < text.count, text[position] == "=", !name.isEmpty else {
                // What has no value is the next scheme.
                position = start
                return (scheme, parameters)
            }
            position += 1
            parameters[name.lowercased()] = value()
        }
    }

    private mutating func value() -> String {
        guard position < text.count, text[position] == "\"" else { return take { $0 != "," && $0 != " " } }
        position += 1
        var value = ""
        while position < text.count, text[position] != "\"" {
            if text[position] == "\\", position + 1 < text.count { position += 1 }
            value.append(text[position])
            position += 1
        }
        position += 1
        return value
    }

    private mutating func take(_ belongs: (Character) -> Bool) -> String {
        let start = position
        skip(belongs)
        return String(text[start..<position])
    }

    private mutating func skip(_ belongs: (Character) -> Bool) {
        while position < text.count, belongs(text[position]) { position += 1 }
    }
}
