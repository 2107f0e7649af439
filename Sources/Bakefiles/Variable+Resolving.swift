import Diagnostics
import YAML

/// A value that replaces a variable's default, and where it was given.
struct GivenValue {
    /// nil where an error says why there is none.
    var text: String?
    /// In the variables file; the command line has no places.
    var place: SourcePlace?
}

extension Reading {
    /// Gives every variable its value.
    ///
    /// That is, in rising order, its default, its environment variable, the variables file, `--set`. Only defaults are
    /// substituted, with the variables that stand above them.
    mutating func resolve(
        _ definitions: [NamedValue<VariableDraft>],
        file: [String: GivenValue],
        settings: [String: String],
        environment: [String: String]
    ) -> [Variable] {
        refuseUnknown(file: file, settings: settings)
        // The turn of one whose definition is wrong never comes, and its mistake is reported already.
        let readable = Set(definitions.map(\.name))
        for name in variables.keys where !readable.contains(name) { variables[name]?.isLater = false }
        var result: [Variable] = []
        for definition in definitions {
            let variable = definition.value.environment.flatMap { environment[$0] }
            let given: (text: String?, origin: Variable.Origin, place: SourcePlace?)? =
                if let text = settings[definition.name] {
                    (text, .commandLine, nil)
                } else if let value = file[definition.name] {
                    (value.text, .file, value.place)
                } else if let variable {
                    (variable, .environment, nil)
                } else {
                    nil
                }
            // A default is read even if it is not needed, so that its mistakes do not wait for another run.
            let defaultValue = definition.value.defaultValue.flatMap { text(of: $0) }
            let hasDefault = definition.value.defaultValue != nil
            variables[definition.name]?.isLater = false
            guard let (value, origin, place) = given ?? defaultValue.map({ ($0, .defaultValue, nil) }) else {
                if !hasDefault { reportNoValue(definition) }
                continue
            }
            guard let text = value, isAllowed(text, for: definition, origin, at: place) else { continue }
            variables[definition.name]?.value = text
            result.append(Variable(name: definition.name, value: text, origin: origin, place: definition.place))
        }
        for name in variables.keys { variables[name]?.isLater = false }
        usedVariables = []
        return result
    }

    private mutating func reportNoValue(_ definition: NamedValue<VariableDraft>) {
        let name = definition.name
        let environment = definition.value.environment
        report(
            at: definition.place,
            "the variable \(quoted(name)) has no value",
            .noValue,
            why: "it has no default"
                + (environment.map { ", and the environment variable '\($0)' is not set" } ?? ""),
            fix: "give it one with --set \(name)=VALUE" + (environment.map { ", or set \($0)" } ?? "")
        )
    }

    private mutating func isAllowed(
        _ text: String,
        for definition: NamedValue<VariableDraft>,
        _ origin: Variable.Origin,
        at given: SourcePlace?
    ) -> Bool {
        let place = given ?? definition.value.defaultValue.flatMap { origin == .defaultValue ? $0.place : nil }
        let source = origin == .defaultValue || origin == .file ? "" : ", from the \(origin.rawValue),"
        let message = "the variable \(quoted(definition.name))\(source) cannot be \(quoted(text))"
        if let allowed = definition.value.allowed, !allowed.contains(text) {
            report(
                at: place ?? definition.place,
                message,
                .valueNotAllowed,
                why: "'allowed' at \(definition.place) has \(quotedList(allowed))",
                fix: nearestName(to: text, among: allowed).map { "write \(quoted($0))" }
            )
            return false
        }
        if let pattern = definition.value.pattern, let regex = Regex(reading: pattern), !text.isMatched(by: regex) {
            report(
                at: place ?? definition.place,
                message,
                .valueNotAllowed,
                why: "'pattern' at \(definition.place) is \(quoted(pattern))"
            )
            return false
        }
        return true
    }

    private mutating func refuseUnknown(file: [String: GivenValue], settings: [String: String]) {
        let given: [(name: String, place: SourcePlace?, verb: String)] =
            file.map { ($0.key, $0.value.place, "the variables file gives") }
            + settings.keys.map { ($0, nil, "--set gives") }
        for (name, place, verb) in given.sorted(by: { $0.name < $1.name }) where variables[name] == nil {
            let near = nearestName(to: name, among: variables.keys)
            report(
                at: place,
                "\(verb) the variable \(quoted(name)), which is not defined",
                .unknownSetting,
                why: near == nil
                    ? variables.isEmpty ? "there are none" : "the variables are \(quotedList(variables.keys.sorted()))"
                    : nil,
                fix: near.map { "write \(quoted($0))" }
            )
        }
    }
}
