/// How a bake shows what it does, on standard error.
package enum ProgressMode: String, Sendable, CaseIterable {
    /// `tty` on a terminal that can move its cursor, else `plain`.
    case auto
    case plain
    case tty
    case json
    /// Nothing but failures.
    case quiet

    /// The mode that `auto` stands for.
    package func resolved(isTerminal: Bool, environment: [String: String]) -> ProgressMode {
        guard self == .auto else { return self }
        let terminal = environment["TERM", default: ""]
        return isTerminal && terminal != "dumb" && !terminal.isEmpty ? .tty : .plain
    }
}
