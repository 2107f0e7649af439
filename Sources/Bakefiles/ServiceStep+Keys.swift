import YAML

extension ServiceStep {
    static let shape = Shape<ServiceStep>.forms(
        "a unit, a list of units or a mapping",
        text: unit.map { ServiceStep(.enable, [$0]) },
        list: units.map { ServiceStep(.enable, $0) },
        mapping: keys.shape(ServiceStep(.enable, []))
    )

    private static let units = unit.list(atLeast: 1).unique()

    /// As for systemctl, a name without a kind is that of a service.
    static let unit = Shape<String>.text(.unitName).map { name in
        unitKinds.contains { name.hasSuffix(".\($0)") } ? name : "\(name).service"
    }

    /// Source: systemd.unit(5).
    private static let unitKinds = [
        "service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope",
    ]

    private static let keys = Keys<ServiceStep>(
        "a 'service' step",
        [
            key(.enable, "units that start with what they say they are wanted by"),
            key(.disable, "units that nothing is to start by itself"),
            key(.mask, "units that cannot be started at all"),
        ],
        choices: [.init(names: Change.allCases.map(\.rawValue), isRequired: true)],
        synonyms: ["start": "enable", "enabled": "enable", "disabled": "disable", "masked": "mask", "stop": "disable"]
    )

    private static func key(_ change: Change, _ help: String) -> Key<ServiceStep> {
        .defaulted(change.rawValue, units.map { ServiceStep(change, $0) }, \.self, help)
    }
}
