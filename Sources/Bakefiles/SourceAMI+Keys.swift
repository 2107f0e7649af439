/// `ami: { ... }` as it is written.
private struct SourceDraft: Sendable {
    var owner: String?
    var name: String?
    var isNewest = false
    var parameter: String?
}

extension Shape where Value == SourceAMI {
    static var sourceAMI: Shape {
        Keys<SourceDraft>(
            "an AMI to start from",
            [
                .optional(
                    "owner",
                    .text(.amiOwner),
                    \.owner,
                    "whose it is: twelve digits of an account, 'self', 'amazon' or 'aws-marketplace'"
                ),
                .optional("name", .text(.amiName), \.name, "its name, in which '*' and '?' stand for anything"),
                .defaulted(
                    "most-recent",
                    .flag,
                    \.isNewest,
                    "whether the newest is taken where several have such names; false by default"
                ),
                .optional(
                    "parameter",
                    .text(.ssmParameter),
                    \.parameter,
                    "the parameter of Systems Manager that says its id, as in '/aws/service/debian/release/12/latest/amd64'"
                ),
            ],
            choices: [.init(names: ["name", "parameter"], isRequired: true)],
            needs: ["owner": "name", "name": "owner", "most-recent": "name"],
            synonyms: ["owners": "owner", "filter": "name", "latest": "most-recent", "ssm": "parameter"]
        )
        .shape(SourceDraft())
        .then { draft, _, _ in
            if let parameter = draft.parameter { return .parameter(parameter) }
            guard let name = draft.name, let owner = draft.owner else { return nil }
            return .named(name, owner: owner, isNewest: draft.isNewest)
        }
    }
}
