import Bakefiles
import Diagnostics

extension ParameterWork {
    /// The parameter files of some stacks in some environments, all where none is named; throws what there is not.
    static func selected(_ stacks: [String], _ environments: [String], in bakefile: Bakefile) throws -> [ParameterWork]
    {
        var problems = DiagnosticList()
        let stackNames = bakefile.stacks.map(\.name)
        for name in stacks where !stackNames.contains(name) {
            problems.add(unknown("stack", name, stackNames, bakefile))
        }
        let chosen = bakefile.stacks.filter { stacks.isEmpty || stacks.contains($0.name) }
        let environmentNames = Set(chosen.flatMap(\.environments).map(\.name)).sorted()
        for name in environments where !environmentNames.contains(name) {
            problems.add(unknown("environment", name, environmentNames, bakefile))
        }
        try problems.throwIfErrors()
        let work = chosen.flatMap { stack in
            stack.environments.filter { environments.isEmpty || environments.contains($0.name) }
                .map { ParameterWork(bakefile: bakefile, stack: stack, environment: $0) }
        }
        guard !work.isEmpty || chosen.contains(where: { !$0.maps.isEmpty }) else {
            throw InvalidInput(
                Diagnostic(
                    "'\(bakefile.path)' has no stacks to write parameters for",
                    .stackNotFound,
                    fix: "declare one under 'stacks'"
                )
            )
        }
        return work
    }

    private static func unknown(_ kind: String, _ name: String, _ known: [String], _ bakefile: Bakefile) -> Diagnostic {
        Diagnostic(
            "'\(name)' is no \(kind) of '\(bakefile.path)'",
            .stackNotFound,
            why: known.isEmpty ? "it has none" : "it has \(known.map { "'\($0)'" }.joined(separator: ", "))",
            fix: nearestName(to: name, among: known).map { "write '\($0)'" }
        )
    }
}
