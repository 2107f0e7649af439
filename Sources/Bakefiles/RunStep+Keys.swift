import Diagnostics
import YAML

extension RunStep {
    static let shape = Shape<RunStep>.forms(
        "a shell text, a list of arguments or a mapping",
        text: Shape<String>.script.map { RunStep(command: .shell($0)) },
        list: Shape<String>.anyLiteral.list(atLeast: 1).map { RunStep(command: .arguments($0)) },
        mapping: keys.shape(RunStep(command: .arguments([])))
    )
    .then(warnOfVariables)
    .then(refuseSharedTargets)

    static let commandShape = Shape<Command>.forms(
        "a shell text or a list of arguments",
        text: Shape<String>.script.map { .shell($0) },
        list: Shape<String>.anyLiteral.list(atLeast: 1).map { .arguments($0) }
    )
    static let commandHelp =
        "a text for '/bin/sh -ec', or a list of a program and its arguments; nothing is substituted in it"

    private static let keys = Keys<RunStep>(
        "a 'run' step",
        [
            .required(
                "command",
                commandShape,
                \.command,
                commandHelp
            ),
            .defaulted("env", .environment, \.environment, "the environment variables of the step, by name"),
            .defaulted("workdir", .imagePath, \.workingDirectory, "the folder that the step starts in"),
            .defaulted("user", .account, \.user, "the account that runs it, as 'USER[:GROUP]'; root by default"),
            .defaulted("network", .choice, \.network, "'none', which is the default, or 'host'"),
            .defaulted("secrets", SecretUse.shape.list(), \.secrets, "the secrets that this step sees, and where"),
            .defaulted(
                "cache",
                CacheMount.shape.list(),
                \.caches,
                "folders that outlive the step, outside of the layer"
            ),
        ],
        synonyms: [
            "environment": "env", "cmd": "command", "script": "command", "caches": "cache", "cwd": "workdir",
            "working-dir": "workdir", "secret": "secrets",
        ]
    )

    /// `${name}` in a command is the shell's: a variable of that name was most likely meant to be in `env`.
    @Sendable private static func warnOfVariables(_ step: RunStep, _ node: Node, _ reading: inout Reading) -> RunStep? {
        let texts =
            switch step.command {
            case .shell(let text): [text]
            case .arguments(let words): words
            }
        let references = texts.flatMap { TextTemplate($0)?.parts ?? [] }.compactMap { part in
            if case .reference(let name) = part { name } else { nil }
        }
        for name in Set(references).sorted() where reading.variables[name] != nil && step.environment[name] == nil {
            let isTheShells = texts.contains { text in
                text.split(separator: "${\(name)}").contains { $0.contains(name) }
            }
            if isTheShells { continue }
            reading.diagnostics.add(
                Diagnostic(
                    .warning,
                    at: (node["command"] ?? node).place,
                    "'${\(name)}' in a command is not substituted",
                    .notSubstituted,
                    why: "the shell sees it, and knows only its environment",
                    fix: "add env: { \(name): \"${\(name)}\" } to the step"
                )
            )
        }
        return step
    }

    @Sendable private static func refuseSharedTargets(
        _ step: RunStep,
        _ node: Node,
        _ reading: inout Reading
    ) -> RunStep? {
        var targets: Set<String> = []
        let files = step.secrets.compactMap { use in if case .file(let path) = use.target { path } else { nil } }
        for path in step.caches.map(\.target) + files where !targets.insert(path).inserted {
            return reading.fail(at: node.place, "two mounts of this step have the target \(quoted(path))", .badList)
        }
        return step
    }
}

extension RunStep.CacheMount {
    static let shape = Keys<RunStep.CacheMount>(
        "a cache mount",
        [
            .required("id", .text(.cacheID), \.id, "the cache's name: steps that give the same one share its folder"),
            .required("target", .imagePathBelowRoot, \.target, "the path at which the step sees it"),
        ]
    )
    .shape(RunStep.CacheMount(id: "", target: ""))
}

extension RunStep.SecretUse {
    private struct Draft: Sendable {
        var name = ""
        var path: String?
        var variable: String?

        var use: RunStep.SecretUse {
            RunStep.SecretUse(
                name: name,
                target: variable.map { .variable($0) } ?? .file(path ?? "/run/secrets/\(name)")
            )
        }
    }

    static let shape = Shape<RunStep.SecretUse>.forms(
        "the name of a secret or a mapping",
        text: Shape<String>.secretName.map { Draft(name: $0).use },
        mapping: keys.shape(Draft()).map(\.use)
    )

    private static let keys = Keys<Draft>(
        "a secret of a 'run' step",
        [
            .required("name", .secretName, \.name, "a name under 'secrets:'"),
            .optional("path", .imagePathBelowRoot, \.path, "the file that holds it; '/run/secrets/NAME' by default"),
            .optional("env", .text(.environmentName), \.variable, "the environment variable that holds it"),
        ],
        choices: [.init(names: ["path", "env"], isRequired: false)],
        synonyms: ["id": "name", "target": "path", "file": "path", "variable": "env"]
    )
}
