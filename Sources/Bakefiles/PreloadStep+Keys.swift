import OCI
import YAML

extension PreloadStep {
    static let shape = Shape<PreloadStep>.forms(
        "the name of an image or a mapping",
        text: image.map { PreloadStep(image: $0) },
        mapping: keys.shape(PreloadStep(image: ""))
    )

    private static let image = Shape<String>.image("preloads")

    private static let keys = Keys<PreloadStep>(
        "a 'preload' step",
        [
            .required("image", image, \.image, "the container image, one of this Bakefile"),
            .defaulted(
                "as",
                Shape<String>.text(.engineName).list(atLeast: 1).unique(),
                \.names,
                "what Docker calls it, as in 'registry.example.com/web:blue'; by default what it is pushed as"
            ),
        ],
        synonyms: ["name": "image", "names": "as", "tags": "as"]
    )
}
