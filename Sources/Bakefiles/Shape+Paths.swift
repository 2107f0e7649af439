import OCI
import YAML

extension Shape where Value == InputPath {
    /// A path of the Bakefile's folder, or `{ context: NAME, path: PATH }`.
    static var input: Shape {
        Shape.forms(
            "a path or { context: NAME, path: PATH }",
            text: Shape<String>.text(.inputPath).map { InputPath(path: normalizedRelativePath($0)) },
            mapping: InputPath.keys.shape(InputPath(path: "."))
        )
    }
}

extension Shape where Value == [InputPath] {
    /// Files of public keys, none of them twice.
    static var trustedKeys: Shape {
        Shape<InputPath>.input.list(atLeast: 1).then { keys, node, reading in
            var seen: Set<InputPath> = []
            guard let index = keys.firstIndex(where: { !seen.insert($0).inserted }) else { return keys }
            return reading.fail(
                at: node.sequence?[index].place ?? node.place,
                "\(reading.subject) has \(quoted(keys[index].path)) twice",
                .badList,
                fix: "remove one of the two"
            )
        }
    }
}

extension InputPath {
    fileprivate static let keys = Keys<InputPath>(
        "a path in a context",
        [
            .required("context", .contextName, \.context, "a name under 'contexts:'"),
            .required("path", .contextPath, \.path, "a path in the context's folder"),
        ]
    )
}

extension Shape where Value == String {
    /// A path in a context.
    static var contextPath: Shape { Shape.text(.contextPath).map(normalizedRelativePath) }

    /// Absolute in an image, its root included.
    static var imagePath: Shape { Shape.text(.imagePath).map { normalizedImagePath($0) } }

    static var imagePathBelowRoot: Shape { Shape.text(.imagePathBelowRoot).map { normalizedImagePath($0) } }

    /// A name that `contexts:` defines.
    static var contextName: Shape {
        Shape.text(.plainName).then { name, node, reading in
            reading.known(name, "context", in: reading.contexts, .unknownContext, at: node.place)
        }
    }

    /// A name that `secrets:` declares.
    static var secretName: Shape {
        Shape.text(.plainName).then { name, node, reading in
            reading.known(name, "secret", in: reading.secrets, .unknownSecret, at: node.place)
        }
    }
}
