import Diagnostics
import OCI
import YAML

/// What the files say at their top, before it is put together.
struct BakefileDraft {
    var project: String?
    var timestamp: Int64?
    var contexts: [NamedValue<String>] = []
    var secrets: [NamedValue<SecretDraft>] = []
    var stacks: [Stack] = []
    var cache: SharedCacheUse?
}

/// `cache:` as it is written.
private struct CacheDraft: Sendable {
    var registry = ""
    var verify: [InputPath] = []

    static let shape = Keys<CacheDraft>(
        "'cache'",
        [
            .required(
                "registry",
                .text(.remoteRepository),
                \.registry,
                "the repository that holds them: HOST/REPOSITORY"
            ),
            .defaulted(
                "verify",
                .trustedKeys,
                \.verify,
                "files of public keys, of which one has to have signed what is taken from there"
            ),
        ],
        synonyms: ["repository": "registry", "ref": "registry", "from": "registry", "to": "registry"]
    )
    .shape(CacheDraft())
    .then { draft, node, _ in
        SharedCacheUse(registry: draft.registry, verify: draft.verify, place: node.place)
    }
}

/// A secret's source as it is written.
struct SecretDraft: Sendable {
    var variable: String?
    var path: String?

    static let shape = Keys<SecretDraft>(
        "a secret",
        [
            .optional("env", .text(.environmentName), \.variable, "the environment variable that holds it"),
            .optional("file", .text(.line), \.path, "the file that holds it; '~/' is the home folder"),
        ],
        choices: [.init(names: ["env", "file"], isRequired: true)],
        synonyms: ["path": "file", "variable": "env", "environment": "env"]
    )
    .shape(SecretDraft())
}

extension BakefileDraft {
    /// The keys of the Bakefile itself.
    static let keys = Keys<BakefileDraft>(
        "the Bakefile",
        [
            .elsewhere("bakefile", versionShape, "the version of the format, 1; the first key", isRequired: true),
            .required("project", .text(.projectName), \.project, "the name of the whole"),
            .optional("cache", CacheDraft.shape, \.cache, "where results of steps are shared with other machines"),
        ] + sharedKeys,
        synonyms: synonyms
    )

    /// The keys of an included file.
    static let includedKeys = Keys<BakefileDraft>(
        "an included file",
        [.elsewhere("bakefile", versionShape, "the version of the format, 1")] + sharedKeys,
        synonyms: synonyms
    )

    private static let sharedKeys: [Key<BakefileDraft>] = [
        .optional("timestamp", .timestamp, \.timestamp, "the time of all that is baked: seconds since 1970 or a date"),
        .elsewhere("include", includeShape, "further files: paths relative to the Bakefile"),
        .elsewhere("variables", VariableDraft.shape.mapping(.variableName), "values for '${name}', by name"),
        .defaulted(
            "contexts",
            Shape<String>.text(.line).mapping(.plainName),
            \.contexts,
            "further folders that paths may name, by name; they may lie outside of the Bakefile's"
        ),
        .defaulted("secrets", SecretDraft.shape.mapping(.plainName), \.secrets, "where secrets come from, by name"),
        .elsewhere("images", Shape(schema: { imageShape }, read: { _, _ in () }), "what to bake, by name"),
        .defaulted("stacks", Stack.shape, \.stacks, "CloudFormation stacks that the images go into, by name"),
    ]

    private static let synonyms = [
        "version": "bakefile", "name": "project", "vars": "variables", "args": "variables", "includes": "include",
        "targets": "images",
    ]

    static let includeShape = Shape<String>.literal(.includePath).map(normalizedRelativePath).list(atLeast: 1)

    private static var imageShape: JSONValue {
        .object([
            "type": "object",
            "propertyNames": Grammar.imageName.keySchema,
            "additionalProperties": ImageDraft.keys.schema,
        ])
    }

    private static let versionShape = Shape<Void>(schema: { .object(["const": 1]) }) { _, _ in () }
}
