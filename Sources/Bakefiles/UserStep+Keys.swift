import YAML

extension UserStep {
    private struct Draft: Sendable {
        var step = UserStep(name: "")
        var createsHome: Bool?

        var finished: UserStep {
            var result = step
            result.createsHome = createsHome ?? !step.isSystem
            return result
        }
    }

    static let shape = Shape<UserStep>.forms(
        "an account name or a mapping",
        text: Shape<String>.text(.accountName).map { UserStep(name: $0) },
        mapping: keys.shape(Draft()).map(\.finished)
    )

    private static let keys = Keys<Draft>(
        "a 'user' step",
        [
            .required("name", .text(.accountName), \.step.name, "the account's name"),
            .optional("uid", .accountNumber, \.step.uid, "its number; the next free one by default"),
            .optional(
                "gid",
                .accountNumber,
                \.step.gid,
                "the number of its group; its own number by default, or the next free one"
            ),
            .defaulted(
                "groups",
                Shape<String>.text(.accountName).list().unique(),
                \.step.groups,
                "further groups, which must exist"
            ),
            .optional("home", .text(.accountPath), \.step.home, "its home folder; '/home/NAME' by default"),
            .optional("shell", .text(.accountPath), \.step.shell, "its shell; '/bin/sh' by default"),
            .defaulted("comment", .text(.accountComment), \.step.comment, "its full name or purpose"),
            .defaulted("system", .flag, \.step.isSystem, "whether it is a system account, with a number from 100"),
            .optional("create-home", .flag, \.createsHome, "whether the home folder is made; not for system accounts"),
        ],
        synonyms: ["id": "uid", "group": "groups", "gecos": "comment"]
    )
}
