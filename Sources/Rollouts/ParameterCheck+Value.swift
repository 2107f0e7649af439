import Diagnostics
import Dispatch
import Synchronization
import YAML

/// One value against its parameter.
struct ValueCheck {
    private let value: String
    private let place: SourcePlace
    private let parameter: Template.Parameter

    init(_ value: String, at place: SourcePlace, _ parameter: Template.Parameter) {
        self.value = value
        self.place = place
        self.parameter = parameter
    }

    /// What is wrong; a value of the wrong type is held to nothing further.
    func diagnostics() -> [Diagnostic] {
        if value.utf8.count > ParameterCheck.valueLimit {
            return [
                Diagnostic(
                    at: place,
                    "the value of '\(parameter.name)' has \(value.utf8.count) bytes, "
                        + "more than CloudFormation's limit of \(ParameterCheck.valueLimit)",
                    .parameterTooLong
                )
            ]
        }
        if parameter.isNoEcho, !value.isEmpty, value.utf8.allSatisfy({ $0 == UInt8(ascii: "*") }) {
            return [
                Diagnostic(
                    at: place,
                    "the value of '\(parameter.name)' is the mask that CloudFormation shows for it",
                    .maskedParameter,
                    why: "\(parameter.place) declares it with 'NoEcho'",
                    fix: "use the previous value ('UsePreviousValue' in a CLI list), or write the secret"
                )
            ]
        }
        let wrong = items.compactMap { wrongType($0) }
        if !wrong.isEmpty { return wrong }
        return allowedValues() + pattern() + length() + range()
    }

    /// The values of a list, each without the space around it; else the one value.
    private var items: [String] {
        guard parameter.type.value.isList else { return [value] }
        return value.split(separator: ",", omittingEmptySubsequences: false).map { item in
            let trimmed = item.drop { $0 == " " }
            return String(trimmed.prefix(trimmed.count - trimmed.reversed().prefix { $0 == " " }.count))
        }
    }

    // MARK: Type

    private func wrongType(_ item: String) -> Diagnostic? {
        let type = parameter.type.value
        let of = "\(parameter.type.place) declares the type '\(type)'"
        switch type.item {
        case .string: return nil
        case .number: return ParameterCheck.number(item) != nil ? nil : mismatch(item, "is not a number", of)
        case .identifier(let prefix):
            if ValueCheck.isIdentifier(item, prefix: prefix) { return nil }
            return mismatch(item, "is no '\(prefix)' and 8 or 17 hexadecimal digits", of)
        case .name: return item.isEmpty ? mismatch(item, "is empty", of) : nil
        case .parameterName:
            let prefixes = ["ami-", "i-", "sg-", "subnet-", "vol-", "vpc-"]
            if type.description.hasPrefix("AWS::SSM::Parameter::Value<"),
                prefixes.contains(where: { ValueCheck.isIdentifier(item, prefix: $0) })
            {
                return mismatch(item, "is the value, where the name of an SSM parameter should stand", of)
            }
            let allowed = Array("_.-/:".utf8)
            let isName = item.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || allowed.contains(byte)
            }
            return isName && !item.isEmpty ? nil : mismatch(item, "is no name of an SSM parameter", of)
        }
    }

    private static func isIdentifier(_ text: String, prefix: String) -> Bool {
        let digits = text.utf8.dropFirst(prefix.utf8.count)
        let isHex = digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return text.hasPrefix(prefix) && isHex && [8, 17].contains(digits.count)
    }

    private func mismatch(_ item: String, _ problem: String, _ why: String) -> Diagnostic {
        Diagnostic(at: place, "\(named(item)) \(problem)", .parameterType, why: explained(why))
    }

    // MARK: Constraints

    private func allowedValues() -> [Diagnostic] {
        guard let allowed = parameter.allowedValues else { return [] }
        return items.compactMap { item in
            if allowed.value.contains(where: { isSame($0, item) }) { return nil }
            let list = allowed.value.prefix(10).map { "'\($0)'" }.joined(separator: ", ")
            let rest = allowed.value.count > 10 ? " and \(allowed.value.count - 10) more" : ""
            return Diagnostic(
                at: place,
                "\(named(item)) is not allowed",
                .parameterNotAllowed,
                why: explained("\(allowed.place) allows \(list)\(rest)"),
                fix: nearestName(to: item, among: allowed.value).map { "write '\($0)'" }
            )
        }
    }

    private func isSame(_ allowed: String, _ item: String) -> Bool {
        if allowed.utf8.elementsEqual(item.utf8) { return true }
        guard parameter.type.value.item == .number else { return false }
        return ParameterCheck.number(allowed) == ParameterCheck.number(item)
    }

    private func pattern() -> [Diagnostic] {
        guard let pattern = parameter.allowedPattern else { return [] }
        let matcher = PatternMatcher(pattern.value)
        return items.compactMap { item in
            guard let isMatch = matcher?.matchesWhole(item) else {
                return Diagnostic(
                    .warning,
                    at: place,
                    "the value of '\(parameter.name)' was not held to its 'AllowedPattern'",
                    .patternNotChecked,
                    why: "the pattern '\(pattern.value)' at \(pattern.place) cannot be used here",
                    fix: "check the value by hand, or write the pattern with simpler means"
                )
            }
            if isMatch { return nil }
            return Diagnostic(
                at: place,
                "\(named(item)) does not match the pattern",
                .parameterPattern,
                why: explained("\(pattern.place) wants the whole value to match '\(pattern.value)'")
            )
        }
    }

    /// In characters, of single texts.
    private func length() -> [Diagnostic] {
        if parameter.type.value.isList || parameter.type.value.item == .number { return [] }
        let count = value.unicodeScalars.count
        if let least = parameter.minLength, count < least.value {
            return [
                outside("has \(count) characters", .parameterLength, "\(least.place) wants at least \(least.value)")
            ]
        }
        if let most = parameter.maxLength, count > most.value {
            return [outside("has \(count) characters", .parameterLength, "\(most.place) wants at most \(most.value)")]
        }
        return []
    }

    private func range() -> [Diagnostic] {
        guard parameter.type.value.item == .number else { return [] }
        return items.compactMap { item in
            guard let number = ParameterCheck.number(item) else { return nil }
            let shown = parameter.isNoEcho ? "the value" : item
            if let least = parameter.minValue, number < least.value {
                let why = "\(least.place) wants at least \(ValueCheck.text(least.value))"
                return outside("is too small: \(shown)", .parameterRange, why)
            }
            if let most = parameter.maxValue, number > most.value {
                let why = "\(most.place) wants at most \(ValueCheck.text(most.value))"
                return outside("is too large: \(shown)", .parameterRange, why)
            }
            return nil
        }
    }

    private func outside(_ problem: String, _ identifier: DiagnosticIdentifier, _ why: String) -> Diagnostic {
        Diagnostic(at: place, "the value of '\(parameter.name)' \(problem)", identifier, why: explained(why))
    }

    // MARK: Words

    /// "'x', the value of 'K',", cut, without what a terminal would obey, and without a secret.
    private func named(_ item: String) -> String {
        if parameter.isNoEcho { return "the value of '\(parameter.name)'" }
        let escaped = JSONScalar.render(String(item.prefix(80))).dropFirst().dropLast()
        let dots = item.count > 80 ? "..." : ""
        return
            "'\(escaped)\(dots)', \(parameter.type.value.isList ? "in the value" : "the value") of '\(parameter.name)',"
    }

    private func explained(_ why: String) -> String {
        guard let description = parameter.constraintDescription else { return why }
        return "\(why): \(description)"
    }

    /// A whole number without the point.
    private static func text(_ number: Double) -> String {
        Int(exactly: number).map { String($0) } ?? String(number)
    }
}

/// A Java regular expression by Swift's engine, with Java's defaults: ASCII classes, code points.
///
/// The engine goes back and forth without a limit of time: a pattern with a repetition inside of a repetition, as in
/// `(a+)+$`, takes exponential time for a value that does not match it. So it gets a thread of its own and a deadline.
struct PatternMatcher {
    private let regex: Regex<AnyRegexOutput>

    /// Nil where Swift cannot compile the pattern.
    init?(_ pattern: String) {
        guard let regex = try? Regex(pattern) else { return nil }
        self.regex =
            regex
            .matchingSemantics(.unicodeScalar)
            .asciiOnlyDigits()
            .asciiOnlyWordCharacters()
            .asciiOnlyWhitespace()
            .asciiOnlyCharacterClasses()
    }

    /// Nil where the engine gives up, or does not end in time; its thread is then left to the process's end.
    func matchesWhole(_ text: String, within limit: DispatchTimeInterval = .seconds(2)) -> Bool? {
        let answer = MatchAnswer()
        let done = DispatchSemaphore(value: 0)
        // A Regex is a value of its own, but not declared to be sendable.
        nonisolated(unsafe) let regex = regex
        DispatchQueue.global().async {
            answer.set(try? regex.wholeMatch(in: text) != nil)
            done.signal()
        }
        return done.wait(timeout: .now() + limit) == .success ? answer.get() : nil
    }
}

/// Carries the verdict from the matching thread.
private final class MatchAnswer: Sendable {
    private let value = Mutex<Bool?>(nil)

    func set(_ verdict: Bool?) { value.withLock { $0 = verdict } }

    func get() -> Bool? { value.withLock { $0 } }
}
