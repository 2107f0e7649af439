import OCI
import YAML

/// `from:` as it is written; the image's kind then completes it.
struct BaseDraft: Sendable {
    /// What there is exactly one of.
    var base: Base?
    var debian = DebianBase(suite: "", variant: "")
    /// The keys of which one has to have signed a registry's image.
    var verify: [InputPath] = []

    /// The base for an image of a kind: the variant of a Debian root depends on it.
    func base(for kind: Image.Kind) -> Base {
        if case .registry(let reference, _)? = base { return .registry(reference, verify: verify) }
        if let base { return base }
        var debian = debian
        // A machine needs an init, which the smaller variant leaves out.
        if debian.variant.isEmpty { debian.variant = kind == .ami ? "important" : "apt" }
        return .debian(debian)
    }

    static let shape = Shape<BaseDraft>.forms(
        "'scratch' or a mapping",
        text: Shape<String>.scratch,
        mapping: keys.shape(BaseDraft())
    )

    private static let keys = Keys<BaseDraft>(
        "'from'",
        [
            .defaulted("debian", .text(.suite), \.debian.suite, "a Debian suite, as in 'bookworm'"),
            .defaulted(
                "variant",
                .choice(variants),
                \.debian.variant,
                "which packages the root has: a variant of mmdebstrap"
            ),
            .optional("mirror", .text(.mirror), \.debian.mirror, "the URL of the archive; the host's own by default"),
            .optional("keyring", .input, \.debian.keyring, "the keys that sign the archive; the host's own by default"),
            .defaulted(
                "components",
                Shape<String>.text(.component).list(atLeast: 1).unique(),
                \.debian.components,
                "the components of the archive; [main] by default"
            ),
            .optional(
                "image",
                Shape<String>.image(.startsFrom).map { .image($0) },
                \.base,
                "an image of this Bakefile"
            ),
            .optional(
                "oci",
                ArchiveName.shape.map { .oci(path: $0.path, tag: $0.tag) },
                \.base,
                "an OCI layout: PATH[:tag]"
            ),
            .optional(
                "docker-archive",
                ArchiveName.shape.map { .dockerArchive(path: $0.path, tag: $0.tag) },
                \.base,
                "an archive of 'docker save': PATH[:tag]"
            ),
            .optional("rootfs", Shape<InputPath>.input.map { .rootfs($0) }, \.base, "a tar of a root file system"),
            .optional(
                "registry",
                Shape<Reference>.remote.map { .registry($0) },
                \.base,
                "an image of a registry: HOST/REPOSITORY[:tag][@digest]"
            ),
            .defaulted(
                "verify",
                .trustedKeys,
                \.verify,
                "files of public keys, of which one has to have signed the registry's image"
            ),
            .optional(
                "ami",
                Shape<SourceAMI>.sourceAMI.map { .ami(AMIBase(source: $0, region: "")) },
                \.base,
                "an AMI, on whose machine the steps are done: 'builder' says which kind of machine"
            ),
        ],
        choices: [
            .init(
                names: ["debian", "image", "oci", "docker-archive", "rootfs", "registry", "ami"],
                isRequired: true
            )
        ],
        needs: [
            "variant": "debian", "mirror": "debian", "keyring": "debian", "components": "debian", "verify": "registry",
        ],
        synonyms: ["suite": "debian", "ubuntu": "debian", "docker": "registry", "url": "mirror", "tar": "rootfs"]
    )

    /// Source: mmdebstrap(1), "Variants", by their first names.
    private static let variants = [
        "extract", "custom", "essential", "apt", "required", "minbase", "buildd", "important", "debootstrap",
        "standard",
    ]
}

extension Shape where Value == String {
    /// The one base that is a word.
    fileprivate static var scratch: Shape<BaseDraft> {
        Shape<BaseDraft>(schema: Shape.choice(["scratch"]).schema) { node, reading in
            guard let text = reading.text(of: node) else { return nil }
            if text == "scratch" { return BaseDraft(base: .scratch) }
            let isName = reading.matches(text, Grammar.imageName.pattern)
            return reading.fail(
                at: node.place,
                "'from' cannot be \(quoted(text))",
                .badValue,
                why: "it is 'scratch' or a mapping",
                fix: isName
                    ? "write { image: \(text) } for an image of this Bakefile, { debian: \(text) } for a suite" : nil
            )
        }
    }
}

/// `PATH[:tag]`, or `{ context, path, tag }`.
private struct ArchiveName: Sendable {
    var path = InputPath(path: ".")
    var tag: String?

    static let shape = Shape<ArchiveName>.forms(
        "PATH[:tag] or { path: PATH, tag: TAG }",
        text: short,
        mapping: Keys<ArchiveName>(
            "an archive",
            [
                .required("path", .contextPath, \.path.path, "a path of the Bakefile's folder or the context"),
                .optional("context", .contextName, \.path.context, "a name under 'contexts:'"),
                .optional(
                    "tag",
                    .text(.archiveTag),
                    \.tag,
                    "which of its images; it must hold one where none is stated"
                ),
            ]
        )
        .shape(ArchiveName())
    )

    private static let short = Shape<ArchiveName>(schema: { Grammar.inputPath.schema }) { node, reading in
        guard let text = reading.text(of: node) else { return nil }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let path = reading.check(parts[0], .inputPath, at: node.place) else { return nil }
        var name = ArchiveName(path: InputPath(path: normalizedRelativePath(path)))
        guard parts.count > 1 else { return name }
        name.tag = reading.check(parts[1], .archiveTag, at: node.place)
        return name.tag == nil ? nil : name
    }
}
