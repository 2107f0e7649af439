import ArgumentParser
import Bakefiles
import Diagnostics
import OCI

/// Options of what shares results of steps with other machines.
struct CacheOptions: ParsableArguments {
    @Option(
        name: .customLong("cache-from"),
        help: ArgumentHelp(
            "Take results of steps from here, or from 'none' (default: the Bakefile's 'cache:'); may be repeated.",
            valueName: "repository"
        )
    )
    var from: [String] = []

    @Option(
        name: .customLong("cache-to"),
        help: ArgumentHelp(
            "Put results of steps there, or to 'none' (default: the Bakefile's 'cache:').",
            valueName: "repository"
        )
    )
    var to: String?

    /// What the options say, and where they say nothing the Bakefile.
    func places(of bakefile: Bakefile) throws -> SharedSteps.Places {
        var problems = DiagnosticList()
        func repository(_ text: String, _ option: String) -> Reference? {
            if text == "none" { return nil }
            func refuse(_ why: String) {
                problems.add(
                    Diagnostic(
                        "'\(option)' cannot be '\(text)'",
                        .optionValue,
                        why: why,
                        fix: "write it like 'registry.example.com/storefront/cache', or 'none'"
                    )
                )
            }
            do throws(ReferenceError) {
                let reference = try Reference(parsing: text)
                if reference.registry == nil {
                    refuse("it names no registry, and none is assumed")
                } else if reference.tag != nil || reference.digest != nil {
                    refuse("a shared cache has neither tag nor digest: each result has its own")
                } else {
                    return reference
                }
            } catch {
                refuse(error.reason)
            }
            return nil
        }
        let own = bakefile.cache.map { [$0] } ?? []
        let places = SharedSteps.Places(
            from: (from.isEmpty ? own : from).compactMap { repository($0, "--cache-from") },
            to: (to ?? bakefile.cache).flatMap { repository($0, "--cache-to") }
        )
        try problems.throwIfErrors()
        return places
    }
}
