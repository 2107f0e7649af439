import OCI
import YAML

extension ImageSettings {
    static let shape = Keys<ImageSettings>(
        "'config'",
        [
            .optional("user", .account, \.user, "the account that the container starts as, as 'USER[:GROUP]'"),
            .optional("workdir", .imagePath, \.workingDirectory, "the folder that it starts in"),
            .optional("entrypoint", .arguments, \.entrypoint, "the program and its first arguments, as a list"),
            .optional("cmd", .arguments, \.command, "further arguments, or the program where there is no entrypoint"),
            .defaulted("env", .environment, \.environment, "environment variables by name, added to those of the base"),
            .defaulted(
                "ports",
                Shape<String>.port.list().unique(),
                \.ports,
                "ports that it listens at, as in '80/tcp'"
            ),
            .defaulted(
                "volumes",
                Shape<String>.imagePathBelowRoot.list().unique(),
                \.volumes,
                "folders whose content outlives the container"
            ),
            .defaulted(
                "labels",
                Labels.shape,
                \.labelsAndStamp,
                "labels by name; 'stamp: true' adds commit and CI build"
            ),
            .optional("stop-signal", .text(.signal), \.stopSignal, "the signal that ends it"),
            .optional("stop-timeout", .seconds, \.stopTimeout, "how long it may take to end, as in '10s'"),
            .optional("healthcheck", Healthcheck.shape, \.healthcheck, "how to find out whether it works"),
            .optional("shell", .arguments, \.shell, "the shell of commands that are texts, as a list"),
            .defaulted(
                "on-build",
                Shape<String>.text(.line).list(),
                \.onBuild,
                "Dockerfile instructions for images on top"
            ),
            .optional("author", .text(.line), \.author, "who answers for the image"),
        ],
        synonyms: [
            "command": "cmd", "environment": "env", "expose": "ports", "exposed-ports": "ports",
            "working-dir": "workdir", "working-directory": "workdir", "stopsignal": "stop-signal",
            "onbuild": "on-build", "maintainer": "author",
        ]
    )
    .shape(ImageSettings())

    /// The settings that mean something for a machine, which no container runtime starts.
    static let keysOfMachines: Set<String> = ["labels", "author"]

    fileprivate var labelsAndStamp: Labels {
        get { Labels(labels: labels, stamp: stamp) }
        set { (labels, stamp) = (newValue.labels, newValue.stamp) }
    }

    /// `labels:` with its one key that is no label.
    fileprivate struct Labels: Sendable {
        var labels: [String: String] = [:]
        var stamp = false

        static let shape = Shape<Labels>(
            schema: {
                .object([
                    "type": "object",
                    "propertyNames": Grammar.labelKey.keySchema,
                    "properties": .object(["stamp": Shape<Bool>.flag.schema()]),
                    "additionalProperties": Shape<String>.anyText.schema(),
                ])
            },
            read: { node, reading in
                guard let members = node.mapping else { return reading.failType(node, expected: "a mapping") }
                var labels = Labels()
                var isGood = true
                for member in members {
                    reading.about(quoted(member.name)) { reading in
                        if !labels.read(member, &reading) { isGood = false }
                    }
                }
                return isGood ? labels : nil
            }
        )

        private mutating func read(_ member: Node.Member, _ reading: inout Reading) -> Bool {
            if member.name == "stamp" {
                guard let flag = Shape<Bool>.flag.read(member.value, &reading) else { return false }
                stamp = flag
                return true
            }
            let name = reading.check(member.name, .labelKey, at: member.key.place)
            let value = Shape<String>.anyText.read(member.value, &reading)
            guard let name, let value else { return false }
            labels[name] = value
            return true
        }
    }
}

extension ImageSettings.Healthcheck {
    static let shape = Shape<ImageSettings.Healthcheck>.forms(
        "'none' or a mapping",
        text: Shape<String>.choice(["none"]).map { _ in ImageSettings.Healthcheck(test: ["NONE"]) },
        mapping: keys.shape(ImageSettings.Healthcheck(test: []))
    )

    private static let keys = Keys<ImageSettings.Healthcheck>(
        "'healthcheck'",
        [
            .required(
                "test",
                .forms(
                    "a shell text or a list of arguments",
                    text: Shape<String>.anyText.map { ["CMD-SHELL", $0] },
                    list: Shape<String>.anyText.list(atLeast: 1).map(withForm)
                ),
                \.test,
                "a shell text, or a list of a program and its arguments"
            ),
            .optional("interval", .duration, \.interval, "the time between two checks, as in '30s'"),
            .optional("timeout", .duration, \.timeout, "how long a check may take"),
            .optional("start-period", .duration, \.startPeriod, "the time in which failures do not count"),
            .optional("retries", .integer(0...1_000_000), \.retries, "failures in a row that make it unhealthy"),
        ],
        synonyms: ["command": "test", "cmd": "test"]
    )

    /// Docker's lists start with the form of what follows; a plain program is of the form `CMD`.
    @Sendable private static func withForm(_ words: [String]) -> [String] {
        ["NONE", "CMD", "CMD-SHELL"].contains(words.first) ? words : ["CMD"] + words
    }
}

extension Shape where Value == String {
    /// `80` or `53/udp`; the protocol is `tcp` where none is stated.
    static var port: Shape {
        Shape.text(.port).then { text, node, reading in
            let parts = text.split(separator: "/")
            guard let number = parts.first.flatMap({ Int($0) }), (1...65_535).contains(number) else {
                return reading.fail(
                    at: node.place,
                    "\(quoted(text)) is not a port",
                    .badPort,
                    why: "ports end at 65535"
                )
            }
            return "\(number)/\(parts.count > 1 ? parts[1] : "tcp")"
        }
    }
}
