import OCI
import YAML

extension CopyStep {
    static let shape = Keys<CopyStep>(
        "a 'copy' step",
        [
            .required("from", Source.shape, \.source, "what to copy: a path, a list of paths, or a mapping"),
            .required(
                "to",
                Shape<String>.text(.imagePath).map { normalizedImagePath($0, keepsSlash: true) },
                \.destination,
                "where to in the image; a slash at the end makes it a folder to copy into"
            ),
            .optional("owner", .owner, \.owner, "the owner of what is written, as 'USER[:GROUP]'; root by default"),
            .optional("mode", .mode, \.mode, "the mode of what is written, as in \"0644\""),
            .defaulted("exclude", Shape<String>.text(.line).list(), \.exclude, "patterns as in a .dockerignore file"),
        ],
        synonyms: [
            "source": "from", "src": "from", "destination": "to", "dest": "to", "target": "to", "chown": "owner",
            "chmod": "mode", "ignore": "exclude",
        ]
    )
    .shape(CopyStep(source: .files([]), destination: ""))
}

extension CopyStep.Source {
    static let shape = Shape<CopyStep.Source>.forms(
        "a path, a list of paths or a mapping",
        text: Shape<InputPath>.input.map { .files([$0]) },
        list: Shape<InputPath>.input.list(atLeast: 1).map { .files($0) },
        mapping: Shape(
            schema: { .object(["anyOf": .array([imageShape.schema(), contextShape.schema()])]) },
            read: { node, reading in (node["image"] == nil ? contextShape : imageShape).read(node, &reading) }
        )
    )

    private static let imageShape = Keys<ImageDraft>(
        "a source of 'copy'",
        [
            .required("image", .image(.copiesFrom), \.image, "the image to copy from"),
            .required("path", .imagePath, \.path, "the path in that image"),
        ]
    )
    .shape(ImageDraft())
    .map { CopyStep.Source.image(name: $0.image, path: $0.path) }

    private static let contextShape = Keys<ContextDraft>(
        "a source of 'copy'",
        [
            .required("context", .contextName, \.context, "a name under 'contexts:'"),
            .required(
                "path",
                .forms(
                    "a path or a list of paths",
                    text: Shape<String>.contextPath.map { [$0] },
                    list: Shape<String>.contextPath.list(atLeast: 1)
                ),
                \.paths,
                "a path in the context's folder, or a list of them"
            ),
        ],
        synonyms: ["paths": "path"]
    )
    .shape(ContextDraft())
    .map { draft in CopyStep.Source.files(draft.paths.map { InputPath(context: draft.context, path: $0) }) }

    private struct ImageDraft: Sendable {
        var image = ""
        var path = ""
    }

    private struct ContextDraft: Sendable {
        var context = ""
        var paths: [String] = []
    }
}

extension Shape where Value == String {
    /// The name of another image; whether it exists is decided once all are known.
    static func image(_ verb: Reading.ImageUse.Verb) -> Shape {
        Shape.text(.imageName).then { name, node, reading in
            reading.imageUses.append(.init(user: reading.image, name: name, place: node.place, verb: verb))
            return name
        }
    }
}
