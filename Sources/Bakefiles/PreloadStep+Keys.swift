import OCI
import YAML

extension PreloadStep {
    static let shape = Shape<PreloadStep>.forms(
        "the name of an image or a mapping",
        text: image.map { PreloadStep($0) },
        mapping: keys.shape(PreloadStep(.image("")))
    )

    private static let image = Shape<String>.image(.preloads).map { Source.image($0) }

    private static let keys = Keys<PreloadStep>(
        "a 'preload' step",
        [
            .defaulted("image", image, \.source, "the container image, one of this Bakefile"),
            .defaulted(
                "registry",
                Shape<Reference>.remote.map { .registry($0) },
                \.source,
                "the container image, one of a registry: HOST/REPOSITORY[:tag][@digest]"
            ),
            .defaulted(
                "verify",
                .trustedKeys,
                \.verify,
                "files of public keys, of which one has to have signed the registry's image"
            ),
            .defaulted(
                "as",
                Shape<String>.text(.engineName).list(atLeast: 1).unique(),
                \.names,
                "what Docker calls it, as in 'registry.example.com/web:blue'; by default what it is pushed or pulled as"
            ),
        ],
        choices: [.init(names: ["image", "registry"], isRequired: true)],
        needs: ["verify": "registry"],
        synonyms: ["name": "image", "names": "as", "tags": "as"]
    )
}
