import YAML

extension ServiceStep {
    static let shape = Shape<ServiceStep>.forms(
        "a unit, a list of units or a mapping",
        text: unit.map { ServiceStep(enable: [$0]) },
        list: unit.list(atLeast: 1).unique().map { ServiceStep(enable: $0) },
        mapping: keys.shape(ServiceStep())
    )

    /// As for systemctl, a name without a kind is that of a service.
    private static let unit = Shape<String>.text(.unitName).map { name in
        unitKinds.contains { name.hasSuffix(".\($0)") } ? name : "\(name).service"
    }

    /// Source: systemd.unit(5).
    private static let unitKinds = [
        "service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope",
    ]

    private static let keys = Keys<ServiceStep>(
        "a 'service' step",
        [
            .defaulted(
                "enable",
                unit.list().unique(),
                \.enable,
                "units that start with what they say they are wanted by"
            ),
            .defaulted("disable", unit.list().unique(), \.disable, "units that nothing is to start by itself"),
            .defaulted("mask", unit.list().unique(), \.mask, "units that cannot be started at all"),
        ],
        choices: [.init(names: ["enable", "disable", "mask"], isRequired: true)],
        synonyms: ["start": "enable", "enabled": "enable", "disabled": "disable", "masked": "mask", "stop": "disable"]
    )
}
