import Diagnostics
import OCI
import YAML

/// One run of the reader: what the Bakefile defines, and what was found so far.
///
/// Reading functions answer nil if, and only if, they have added an error; so a value that is missing needs no second
/// message, and a Bakefile exists exactly where no error was added.
struct Reading {
    /// A variable as substitution sees it.
    struct KnownVariable {
        /// nil where an error says why there is none.
        var value: String?
        var place: SourcePlace
        /// Set until the variable's own turn has come: a default may only use those above it.
        var isLater = false
    }

    /// A place that names an image.
    struct ImageUse {
        /// The image that needs it.
        var user: String
        var name: String
        var place: SourcePlace
        var verb: Verb

        /// How, as in `'web' starts from 'base'`.
        enum Verb: String {
            case startsFrom = "starts from"
            case copiesFrom = "copies from"
            case preloads
        }
    }

    /// A place that binds a field of an image.
    struct FieldUse {
        var image: String
        var field: Stack.Field
        var place: SourcePlace
    }

    var diagnostics = DiagnosticList()

    /// Every defined variable, by name.
    var variables: [String: KnownVariable] = [:]
    /// Values of the image's `matrix:`, for the member that is being read.
    var matrix: [String: String] = [:]
    /// The one of the image's `platforms:` that is being read.
    var platform: Platform?
    /// Names of the variables that were substituted since this was last emptied.
    var usedVariables: Set<String> = []

    /// Names and places of the definitions, found before anything that refers to them is read.
    var contexts: [String: SourcePlace] = [:]
    var secrets: [String: SourcePlace] = [:]
    /// Every image by its name with the matrix values.
    var images: [String: SourcePlace] = [:]
    /// Set where definitions could not be read: a name that is not found may then be among them.
    var isIncomplete = false

    /// The image that is being read, by its name with the matrix values.
    var image = ""
    var imageUses: [ImageUse] = []
    var fieldUses: [FieldUse] = []

    /// What the value that is being read belongs to, for messages: `'entrypoint'`.
    var subject = "the Bakefile"

    private var patterns: [String: Regex<AnyRegexOutput>] = [:]

    /// Adds an error and answers nil, so that it can end a reading function.
    mutating func fail<Value>(
        at place: SourcePlace?,
        _ message: String,
        _ identifier: DiagnosticIdentifier,
        why: String? = nil,
        fix: String? = nil
    ) -> Value? {
        report(at: place, message, identifier, why: why, fix: fix)
        return nil
    }

    mutating func failType<Value>(_ node: Node, expected: String, fix: String? = nil) -> Value? {
        reportType(node, expected: expected, fix: fix)
        return nil
    }

    /// Adds an error.
    mutating func report(
        at place: SourcePlace?,
        _ message: String,
        _ identifier: DiagnosticIdentifier,
        why: String? = nil,
        fix: String? = nil
    ) {
        diagnostics.add(Diagnostic(at: place, message, identifier, why: why, fix: fix))
    }

    mutating func reportType(_ node: Node, expected: String, fix: String? = nil) {
        report(at: node.place, "\(subject) must be \(expected), not \(node.kindName)", .wrongType, fix: fix)
    }

    /// Runs `body` with another subject.
    mutating func about<Value>(_ subject: String, _ body: (inout Reading) -> Value) -> Value {
        let outer = self.subject
        self.subject = subject
        defer { self.subject = outer }
        return body(&self)
    }

    /// Whether the whole of `text` matches; `pattern` is one of our own.
    mutating func matches(_ text: String, _ pattern: String) -> Bool {
        if let known = patterns[pattern] { return text.isMatched(by: known) }
        guard let made = Regex(reading: pattern) else { preconditionFailure("not a regular expression: \(pattern)") }
        patterns[pattern] = made
        return text.isMatched(by: made)
    }
}

extension Regex where Output == AnyRegexOutput {
    /// Nil where `pattern` is no regular expression; it matches by Unicode scalar, as JSON Schema does.
    init?(reading pattern: String) {
        guard let regex = try? Regex(pattern) else { return nil }
        self = regex.matchingSemantics(.unicodeScalar)
    }
}

extension String {
    /// Whether the expression matches the whole text.
    func isMatched(by regex: Regex<AnyRegexOutput>) -> Bool { (try? regex.wholeMatch(in: self)) != nil }
}

/// Text as it may stand in a message: in single quotes, control characters made visible, cut at 80 characters.
func quoted(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        if result.unicodeScalars.count >= 80 { return "'\(result)...'" }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            result += "\\u{\(String(scalar.value, radix: 16))}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return "'\(result)'"
}

/// `'a', 'b' and 'c'`, at most twelve of them.
func quotedList(_ names: some Collection<String>, _ conjunction: String = "and") -> String {
    let quotedNames = names.prefix(12).map(quoted)
    if names.count > 12 { return quotedNames.joined(separator: ", ") + " and \(names.count - 12) more" }
    guard let last = quotedNames.last, quotedNames.count > 1 else { return quotedNames.first ?? "" }
    return quotedNames.dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
}
