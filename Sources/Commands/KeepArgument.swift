import ArgumentParser
import Store

/// One `--keep`: `releases=COUNT`, `days=COUNT` or `roots`.
enum KeepArgument: Hashable, ExpressibleByArgument {
    case releases(Int)
    case days(Int)
    case roots

    init?(argument: String) {
        if argument == "roots" {
            self = .roots
            return
        }
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(parts[1]), count >= 0, count <= 100_000 else { return nil }
        switch parts[0] {
        case "releases": self = .releases(count)
        case "days": self = .days(count)
        default: return nil
        }
    }

    /// All of them together; of two of a kind the last counts.
    static func rule(_ arguments: [KeepArgument]) -> KeepRule {
        arguments.reduce(into: KeepRule()) { rule, argument in
            switch argument {
            case .releases(let count): rule.releases = count
            case .days(let count): rule.days = count
            case .roots: rule.roots = true
            }
        }
    }
}
