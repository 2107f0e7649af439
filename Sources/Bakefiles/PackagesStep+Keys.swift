import Diagnostics
import OCI
import YAML

extension PackagesStep {
    static let shape = Shape<PackagesStep>.forms(
        "a list of packages or a mapping",
        list: Item.shape.list(atLeast: 1).map { PackagesStep(items: $0) },
        mapping: keys.shape(Draft()).then(finish)
    )

    /// An item of the list: a package's name or a local file.
    fileprivate enum Item: Sendable {
        case name(String)
        case file(InputPath)
    }

    private struct Draft: Sendable {
        var items: [Item] = []
        var files: [InputPath] = []
        var sources: [Source] = []
        var recommends = false
    }

    private init(items: [Item]) {
        self.init(
            names: items.compactMap { if case .name(let name) = $0 { name } else { nil } },
            files: items.compactMap { if case .file(let path) = $0 { path } else { nil } }
        )
    }

    @Sendable private static func finish(_ draft: Draft, _ node: Node, _ reading: inout Reading) -> PackagesStep? {
        var step = PackagesStep(items: draft.items)
        step.files += draft.files
        step.sources = draft.sources
        step.recommends = draft.recommends
        guard step.names.isEmpty, step.files.isEmpty else { return step }
        return reading.fail(at: node.place, "a 'packages' step names no package", .badList)
    }

    private static let keys = Keys<Draft>(
        "a 'packages' step",
        [
            .defaulted("names", Item.shape.list(atLeast: 1), \.items, "names of packages, and paths of '.deb' files"),
            .defaulted("files", Shape<InputPath>.input.list(atLeast: 1), \.files, "paths of '.deb' files"),
            .defaulted("sources", Source.shape.list(), \.sources, "further archives to take packages from"),
            .defaulted("recommends", .flag, \.recommends, "whether recommended packages come too; false by default"),
        ],
        synonyms: ["packages": "names", "name": "names", "install": "names", "debs": "files"]
    )
}

extension PackagesStep.Item {
    fileprivate static let shape = Shape<PackagesStep.Item>(
        schema: {
            let name: [JSONValue] = [Grammar.package.schema, .object(["not": .object(["pattern": "\\.deb$"])])]
            let file: [JSONValue] = [Grammar.inputPath.schema, .object(["pattern": "/[^/]*\\.deb$"])]
            return .object(["anyOf": .array([.object(["allOf": .array(name)]), .object(["allOf": .array(file)])])])
        },
        read: { node, reading in
            guard let text = reading.text(of: node) else { return nil }
            guard text.hasSuffix(".deb") else {
                return reading.check(text, .package, at: node.place).map { .name($0) }
            }
            guard text.contains("/") else {
                return reading.fail(
                    at: node.place,
                    "\(quoted(text)) is neither a package nor a path",
                    .badPackage,
                    why: "a local file has a '/' in it",
                    fix: "write \(quoted("./" + text))"
                )
            }
            return reading.check(text, .inputPath, at: node.place).map {
                .file(InputPath(path: normalizedRelativePath($0)))
            }
        }
    )
}

extension PackagesStep.Source {
    static let shape = Keys<PackagesStep.Source>(
        "a source of 'packages'",
        [
            .required("name", .text(.plainName), \.name, "the name of its file below '/etc/apt/sources.list.d'"),
            .required("uri", .text(.mirror), \.uri, "the URL of the archive"),
            .required("suite", .text(.sourceSuite), \.suite, "the suite, or a path with a '/' at its end"),
            .defaulted(
                "components",
                Shape<String>.text(.component).list().unique(),
                \.components,
                "the components; none for a path"
            ),
            .required("key", .input, \.key, "the key that signs it: a '.asc' or '.gpg' file"),
            .defaulted("keep", .flag, \.keep, "whether source and key stay in the image; false by default"),
        ],
        synonyms: ["url": "uri", "distribution": "suite", "component": "components", "signed-by": "key"]
    )
    .shape(PackagesStep.Source(name: "", uri: "", suite: "", components: [], key: InputPath(path: ".")))
    .then { source, node, reading in
        var source = source
        if source.suite.hasSuffix("/") {
            guard !source.components.isEmpty else { return source }
            return reading.fail(
                at: node.place,
                "a source whose suite is a path has no components",
                .conflictingKeys,
                fix: "remove 'components', or the '/' at the end of 'suite'"
            )
        }
        if source.components.isEmpty { source.components = ["main"] }
        return source
    }
}
