import Diagnostics
import OCI
import YAML

/// An image as one member of its matrix writes it.
struct ImageDraft: Sendable {
    var kind: Image.Kind?
    var base: BaseDraft?
    var steps: [StepDraft] = []
    var config: ImageSettings?
    var version: VersionScheme?
    var destinations: [Destination] = []
    var compression: String?
    var disk: DiskSettings?
    var ami: AMISettings?
    var builder: BuilderDraft?
    var tests: [ImageTestDraft] = []
    var userData: InputPath?

    static let keys = Keys<ImageDraft>(
        "an image",
        [
            .required("kind", .choice, \.kind, "'docker' for a container image or 'ami' for a machine image"),
            .optional("from", BaseDraft.shape, \.base, "what the steps start with"),
            .elsewhere("matrix", Matrix.shape, "lists of values by name: the image is made for each combination"),
            .defaulted("steps", StepDraft.shape.list(), \.steps, "the changes to the base, in order"),
            .optional("config", ImageSettings.shape, \.config, "what a container starts with"),
            .optional("version", VersionScheme.shape, \.version, "how new content gets its version"),
            .defaulted(
                "push",
                Destination.shape.list().unique(by: \.repository),
                \.destinations,
                "repositories that the image is for, each a text or a mapping; the first makes its reference"
            ),
            .optional("disk", DiskSettings.shape, \.disk, "the disk of a machine image"),
            .optional("ami", AMISettings.shape, \.ami, "where a machine image is registered"),
            .optional(
                "builder",
                BuilderDraft.shape,
                \.builder,
                "where the steps of a machine image are done for its AMI; by default on this computer"
            ),
            .notYet(
                "dockerfile",
                Shape<Void>.anyTextOrMapping,
                "a Dockerfile to take the steps from",
                fix: "write its instructions as 'from:' and 'steps:'"
            ),
            .defaulted(
                "tests",
                ImageTestDraft.shape.list(),
                \.tests,
                "what has to be true of the image, or there is no release"
            ),
            .optional(
                "userdata",
                .input,
                \.userData,
                "what a machine finds as its userdata when it is booted on this computer, for its tests or by 'boot'"
            ),
            .elsewhere(
                "platforms",
                Shape<String>.platforms,
                "what to bake for, as in linux/arm64; the platform of the machine that bakes by default"
            ),
            .optional(
                "compression",
                .text(.compression),
                \.compression,
                "how layers are compressed when they are pushed; gzip-1 by default"
            ),
        ],
        choices: [.init(names: ["from", "dockerfile"], isRequired: true)],
        synonyms: ["base": "from", "type": "kind", "tags": "push", "repository": "push", "settings": "config"]
    )
}

extension ImageDraft {
    /// Completes what depends on the kind; nil where an error was added.
    func image(_ name: String, at place: SourcePlace, _ node: Node, _ reading: inout Reading) -> Image? {
        guard let kind, let base, let basePlace = node["from"]?.place else { return nil }
        let steps = StepDraft.addressed(steps, &reading)
        let agents = self.steps.filter { $0.agent != nil }.compactMap(\.place)
        let tests =
            ImageTestDraft.addressed(tests, &reading) + (agents.first.map { SSMAgent.tests(at: $0) } ?? [])
        let (isOfKind, hasSource) = (checkKind(kind, node, &reading), checkSource(node, &reading))
        guard isOfKind, checkBuilder(steps, node, &reading), hasSource else { return nil }
        return Image(
            name: name,
            kind: kind,
            place: place,
            base: sourceAMI.map { .ami($0) } ?? base.base(for: kind),
            basePlace: basePlace,
            steps: steps,
            config: config ?? ImageSettings(),
            version: version,
            destinations: destinations,
            compression: compression,
            machine: kind == .ami ? machine : nil,
            platform: reading.platform,
            tests: tests,
            userData: userData,
            registering: registering,
            builder: builderInstance
        )
    }

    private var builderInstance: BuilderInstance? {
        var instance = builder?.builder(from: sourceAMI?.source)
        instance?.diskSize = disk?.size
        return instance
    }

    /// What a machine is started from decides what its image is; what kind of machine it is does not.
    private var machine: JSONValue {
        let size = disk?.size == nil ? nil : disk?.json["size"]
        let disk = (disk ?? DiskSettings()).json
        // Of the disk nothing else is the image's.
        if let sourceAMI { return .object(["builder": .object(["ami": sourceAMI.source.json]), "size": size]) }
        guard let source = builder?.builder(from: nil)?.source, case .object(var members) = disk else { return disk }
        members["builder"] = .object(["ami": source.json])
        return .object(members)
    }

    /// A machine of EC2 bakes in one region, and the others copy.
    var registering: AMISettings? {
        guard var ami else { return nil }
        if builder != nil { ami.copyFrom = ami.copyFrom ?? ami.regions.first }
        return ami
    }

    /// A machine of EC2 is sent no secrets: an object's versions and a command's parameters outlive what they were for.
    private func checkBuilder(_ steps: [Step], _ node: Node, _ reading: inout Reading) -> Bool {
        guard builder != nil else { return true }
        var isGood = true
        for member in node["disk"]?.mapping ?? [] where member.name != "size" {
            reading.report(
                at: member.key.place,
                "\(quoted(member.name)) has no meaning beside 'builder:'",
                .conflictingKeys,
                why:
                    "the disk of a machine of EC2 is that of the AMI that it is started from: only its size can be another",
                fix: sourceAMI == nil ? "remove it, or bake without 'builder:'" : "remove it"
            )
            isGood = false
        }
        for step in steps {
            guard case .run(let run) = step.action, let secret = run.secrets.first else { continue }
            reading.report(
                at: step.place,
                "the secret '\(secret.name)' cannot be used on a machine of EC2",
                .conflictingKeys,
                why: "it would pass through the bucket and Run Command, which may keep what they are given",
                fix: "let the step read it where the machine's profile may, such as from Secrets Manager"
                    + (sourceAMI == nil ? ", or bake without 'builder:'" : "")
            )
            isGood = false
        }
        return isGood
    }

    private func checkKind(_ kind: Image.Kind, _ node: Node, _ reading: inout Reading) -> Bool {
        var isGood = true
        func refuse(_ member: Node.Member?, _ message: String, fix: String? = nil) {
            guard let member else { return }
            reading.report(at: member.key.place, "'\(member.name)' \(message)", .wrongKind, fix: fix)
            isGood = false
        }
        let members = node.mapping ?? []
        if kind == .docker {
            for member in members where ["disk", "ami", "builder", "userdata"].contains(member.name) {
                refuse(member, "has no meaning for a container image", fix: "remove it, or write 'kind: ami'")
            }
            for test in tests {
                guard case .boot = test.check else { continue }
                reading.report(
                    at: test.place,
                    "'boot' has no meaning for a container image",
                    .wrongKind,
                    fix: "remove the test, or write 'kind: ami'"
                )
                isGood = false
            }
            for step in steps where step.agent != nil || step.action?.isForMachines == true {
                reading.report(
                    at: step.place,
                    "'\(step.action?.kind ?? "ssm-agent")' has no meaning for a container image",
                    .wrongKind,
                    fix: "remove the step, or write 'kind: ami'"
                )
                isGood = false
            }
        } else {
            for member in node["config"]?.mapping ?? [] where !ImageSettings.keysOfMachines.contains(member.name) {
                refuse(
                    member,
                    "has no meaning for a machine image",
                    fix: "remove it; a machine starts what systemd starts"
                )
            }
        }
        return isGood
    }
}
