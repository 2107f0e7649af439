import ArgumentParser
import Bakefiles
import Diagnostics
import OCI
import Registry

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
    ///
    /// Where only signed results are taken, none is put there without a `key`.
    func places(of bakefile: Bakefile, signing key: SigningKey? = nil) throws -> SharedSteps.Places {
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
        let own = bakefile.cache.map { [$0.registry] } ?? []
        var places = SharedSteps.Places(
            from: (from.isEmpty ? own : from).compactMap { repository($0, "--cache-from") },
            to: (to ?? bakefile.cache?.registry).flatMap { repository($0, "--cache-to") },
            key: key
        )
        do {
            places.trusted = try bakefile.cache.flatMap { try TrustedKeys($0.verify, of: bakefile, at: $0.place) }
        } catch let invalid as InvalidInput {
            problems.add(contentsOf: invalid.diagnostics)
        }
        if let trusted = places.trusted, places.to != nil {
            if let key, !trusted.keys.contains(key.verificationKey) {
                problems.add(
                    Diagnostic(
                        "'--cache-key' cannot be '\(key.name)'",
                        .optionValue,
                        why: "it belongs to none of the keys that 'cache:' names under 'verify', "
                            + "so that nobody would take what it signs",
                        fix: "name its public half there, or pass '--cache-to none'"
                    )
                )
            }
            if key == nil, to != nil {
                problems.add(
                    Diagnostic(
                        "what is put to '--cache-to' has to be signed",
                        .optionValue,
                        why: "'cache:' has a 'verify', so that nobody would take it",
                        fix: "pass '--cache-key KEY'"
                    )
                )
            }
            if key == nil { places.to = nil }
        }
        try problems.throwIfErrors()
        return places
    }
}
