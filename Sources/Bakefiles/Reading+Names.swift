import Diagnostics

extension Reading {
    /// The name, if it is among the definitions of its kind.
    mutating func known(
        _ name: String,
        _ kind: String,
        in definitions: [String: SourcePlace],
        _ identifier: DiagnosticIdentifier,
        at place: SourcePlace
    ) -> String? {
        if definitions[name] != nil || isIncomplete { return name }
        let names = definitions.keys.sorted()
        let near = nearestName(to: name, among: names)
        return fail(
            at: place,
            "the \(kind) \(quoted(name)) is not defined",
            identifier,
            why: names.isEmpty ? "there is no '\(kind)s:'" : "the \(kind)s are \(quotedList(names))",
            fix: near.flatMap { near in definitions[near].map { "write \(quoted(near)) (defined at \($0))" } }
                ?? "define it under '\(kind)s:'"
        )
    }
}
