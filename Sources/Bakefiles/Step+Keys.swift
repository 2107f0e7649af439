import Diagnostics
import OCI
import YAML

/// A step before its image gives it an address.
struct StepDraft: Sendable {
    var name: String?
    var action: Step.Action?
    /// Stands for several actions.
    var agent: SSMAgent?
    var place: SourcePlace?
    /// Names of the variables in its values.
    var variables: [String] = []

    static let shape = Shape<StepDraft>(
        schema: { keys.schema },
        read: { node, reading in
            // What the image used before this step is kept apart from what the step uses.
            let outer = reading.usedVariables
            reading.usedVariables = []
            defer { reading.usedVariables.formUnion(outer) }
            var draft = StepDraft()
            guard keys.read(node, into: &draft, &reading) else { return nil }
            draft.place = node.mapping?.first?.key.place
            draft.variables = reading.usedVariables.sorted()
            return draft
        }
    )

    private static let keys = Keys<StepDraft>(
        "a step",
        [
            .optional("name", .text(.stepName), \.name, "what the step is called; by default its kind and a number"),
            .optional("run", RunStep.shape.map { .run($0) }, \.action, "a command to run in a sandbox"),
            .optional("copy", CopyStep.shape.map { .copy($0) }, \.action, "files to copy into the image"),
            .optional("file", FileStep.shape.map { .file($0) }, \.action, "a file with its content"),
            .optional("unpack", UnpackStep.shape.map { .unpack($0) }, \.action, "an archive to unpack in the image"),
            .optional("packages", PackagesStep.shape.map { .packages($0) }, \.action, "apt packages to install"),
            .optional("delete", DeleteStep.shape.map { .delete($0) }, \.action, "paths to delete"),
            .optional("symlink", SymlinkStep.shape.map { .symlink($0) }, \.action, "a symlink to make"),
            .optional("directory", DirectoryStep.shape.map { .directory($0) }, \.action, "a folder to make"),
            .optional("user", UserStep.shape.map { .user($0) }, \.action, "an account to make"),
            .optional(
                "service",
                ServiceStep.shape.map { .service($0) },
                \.action,
                "systemd units to enable, disable or mask"
            ),
            .optional(
                "preload",
                PreloadStep.shape.map { .preload($0) },
                \.action,
                "a container image that a machine image brings along"
            ),
            .optional(
                "kernel",
                KernelStep.shape.map { .kernel($0) },
                \.action,
                "arguments of the kernel, and modules to load"
            ),
            .optional(
                "ssm-agent",
                SSMAgent.shape,
                \.agent,
                "the agent of AWS Systems Manager, of a local package"
            ),
            .optional("ssh-keys", SSHKeysStep.shape.map { .sshKeys($0) }, \.action, "public keys that may log in"),
            .optional("cloud-init", CloudInitStep.shape.map { .cloudInit($0) }, \.action, "settings of cloud-init"),
            .notYet(
                "clean",
                Shape<Void>.anyTextOrList,
                "what to clean at the end",
                fix: "disks are cleaned when they are made ('clean' under 'disk'); name other paths under 'delete'"
            ),
        ],
        choices: [
            .init(
                names: [
                    "run", "copy", "file", "unpack", "packages", "delete", "symlink", "directory", "user", "service",
                    "preload", "kernel", "ssm-agent", "ssh-keys", "cloud-init", "clean",
                ],
                isRequired: true
            )
        ],
        synonyms: [
            "shell": "run", "add": "copy", "apt": "packages", "package": "packages", "mkdir": "directory",
            "remove": "delete", "rm": "delete", "link": "symlink", "extract": "unpack", "useradd": "user",
            "systemd": "service", "services": "service", "unit": "service",
        ]
    )
}

extension StepDraft {
    /// Gives each step its address: its name, else its kind and ordinal among the steps of that kind.
    static func addressed(_ drafts: [StepDraft], _ reading: inout Reading) -> [Step] {
        var addresses = Addresses(of: "step", "steps")
        var steps: [Step] = []
        for draft in drafts {
            guard let place = draft.place else { continue }
            if let agent = draft.agent {
                let address = addresses.add(draft.name, kind: "ssm-agent", at: place, &reading)
                steps += agent.steps(address, at: place, variables: draft.variables)
            }
            guard let action = draft.action else { continue }
            let address = addresses.add(draft.name, kind: action.kind, at: place, &reading)
            steps.append(Step(address: address, action: action, place: place, variables: draft.variables))
        }
        return steps
    }
}
