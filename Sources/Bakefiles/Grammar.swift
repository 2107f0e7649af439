import Diagnostics
import OCI

/// What a text has to look like: one pattern for the reader and for the JSON Schema.
///
/// Patterns stay within what Swift, ECMAScript and Python read alike, without captures and anchors; the whole text has
/// to match.
struct Grammar: Sendable {
    /// More about a text that does not match: a better message than the general one.
    struct Explanation: Sendable {
        var message: String
        var identifier: DiagnosticIdentifier
        var why: String?
        var fix: String?

        init(_ message: String, _ identifier: DiagnosticIdentifier, why: String? = nil, fix: String? = nil) {
            self.message = message
            self.identifier = identifier
            self.why = why
            self.fix = fix
        }
    }

    /// With its article: `an image name`.
    let name: String
    let pattern: String
    let identifier: DiagnosticIdentifier
    /// What the pattern says, for `why:`.
    let rule: String
    /// The range of a plain number, which the schema's pattern does not see.
    let numbers: ClosedRange<Int64>?
    let explain: @Sendable (String) -> Explanation?

    init(
        _ name: String,
        _ pattern: String,
        _ identifier: DiagnosticIdentifier,
        rule: String,
        numbers: ClosedRange<Int64>? = nil,
        explain: @escaping @Sendable (String) -> Explanation? = { _ in nil }
    ) {
        self.name = name
        self.pattern = pattern
        self.identifier = identifier
        self.rule = rule
        self.numbers = numbers
        self.explain = explain
    }

    /// What to say about a text that does not match.
    func explanation(of text: String) -> Explanation {
        explain(text) ?? Explanation("\(quoted(text)) is not \(name)", identifier, why: "\(name) has \(rule)")
    }

    /// The schema of a value: YAML's plain numbers and truth values are texts to us where the pattern takes them.
    var schema: JSONValue {
        guard let regex = Regex(reading: pattern) else { return .object([:]) }
        let accepts = { (samples: [String]) in samples.contains { $0.isMatched(by: regex) } }
        var types: [JSONValue] = ["string"]
        if accepts(["1.5"]) {
            types.append("number")
        } else if accepts(["7", "42", "210987654321"]) {
            types.append("integer")
        }
        if accepts(["true"]) { types.append("boolean") }
        return .object([
            "type": types.count == 1 ? "string" : .array(types),
            "pattern": .string("^(?:\(pattern)|[\\s\\S]*\\$\\{[\\s\\S]*)$"),
            "minimum": numbers.map { .integer($0.lowerBound) },
            "maximum": numbers.map { .integer($0.upperBound) },
        ])
    }

    /// The schema of a key, in which nothing is substituted.
    var keySchema: JSONValue { .object(["pattern": .string("^(?:\(pattern))$")]) }
}
