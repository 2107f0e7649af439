import OCI
import YAML

extension VersionScheme {
    private struct Semantic: Sendable {
        var start = "0.1.0"
        var bump = Bump.patch
    }

    private struct Draft: Sendable {
        var scheme = VersionScheme.sequence
    }

    private static let defaultFormat = "YYYY.0M.MICRO"

    static let shape = Shape<VersionScheme>.forms(
        "the name of a scheme or a mapping",
        text: Shape<String>.choice(["semver", "calver", "git", "sequence"]).map { name in
            switch name {
            case "semver": .semver(start: Semantic().start, bump: Semantic().bump)
            case "calver": .calver(format: defaultFormat)
            case "git": .git
            default: .sequence
            }
        },
        mapping: keys.shape(Draft()).map(\.scheme)
    )

    private static let keys = Keys<Draft>(
        "a version scheme",
        [
            .defaulted(
                "semver",
                semanticKeys.shape(Semantic()).map { .semver(start: $0.start, bump: $0.bump) },
                \.scheme,
                "semantic versions: where they start and which number counts"
            ),
            .defaulted(
                "calver",
                Shape<String>.text(.calendarFormat).map { .calver(format: $0) },
                \.scheme,
                "calendar versions of this format, as in 'YYYY.0M.MICRO'"
            ),
        ],
        choices: [.init(names: ["semver", "calver"], isRequired: true)]
    )

    private static let semanticKeys = Keys<Semantic>(
        "'semver'",
        [
            .defaulted("start", .text(.semanticVersion), \.start, "the first version; 0.1.0 by default"),
            .defaulted("bump", .choice, \.bump, "the number that new content counts up; 'patch' by default"),
        ],
        synonyms: ["from": "start", "initial": "start"]
    )
}
