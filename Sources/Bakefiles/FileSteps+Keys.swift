import OCI
import YAML

extension FileStep {
    static let shape = Keys<FileStep>(
        "a 'file' step",
        [
            .required("path", .imagePathBelowRoot, \.path, "the file's path in the image"),
            .required("content", .anyLiteral, \.content, "the file's whole content; nothing is substituted in it"),
            .optional("owner", .owner, \.owner, "the file's owner, as 'USER[:GROUP]'; root by default"),
            .defaulted("mode", .mode, \.mode, "the file's mode; \"0644\" by default"),
        ],
        synonyms: [
            "to": "path", "name": "path", "text": "content", "contents": "content", "chown": "owner", "chmod": "mode",
        ]
    )
    .shape(FileStep(path: "", content: ""))
}

extension UnpackStep {
    static let shape = Shape<UnpackStep>.forms(
        "the path of an archive or a mapping",
        text: Shape<InputPath>.input.map { UnpackStep(archive: $0, destination: "/") },
        mapping: keys.shape(UnpackStep(archive: InputPath(path: "."), destination: "/"))
    )

    private static let keys = Keys<UnpackStep>(
        "an 'unpack' step",
        [
            .required("from", .input, \.archive, "the archive: tar, zip or cpio, compressed or not"),
            .defaulted("to", .imagePath, \.destination, "the folder that it is unpacked below; '/' by default"),
            .optional("owner", .owner, \.owner, "the owner of all that is in it; the archive's numbers by default"),
            .defaulted(
                "strip",
                Shape<Int64>.integer(0...64).map { Int($0) },
                \.stripComponents,
                "how many leading components of each name to leave out"
            ),
        ],
        synonyms: ["path": "from", "archive": "from", "strip-components": "strip", "chown": "owner"]
    )
}

extension DeleteStep {
    static let shape = Shape<DeleteStep>.forms(
        "a path, a list of paths or a mapping",
        text: Shape<String>.imagePathBelowRoot.map { DeleteStep(patterns: [$0]) },
        list: Shape<String>.imagePathBelowRoot.list(atLeast: 1).map { DeleteStep(patterns: $0) },
        mapping: keys.shape(DeleteStep(patterns: []))
    )

    private static let keys = Keys<DeleteStep>(
        "a 'delete' step",
        [
            .required("paths", Shape<String>.imagePathBelowRoot.list(atLeast: 1), \.patterns, "paths or glob patterns"),
            .defaulted(
                "missing",
                Shape<String>.choice(["error", "ignore"]).map { $0 == "ignore" },
                \.ignoreMissing,
                "'ignore' where nothing may match; 'error' by default"
            ),
        ],
        synonyms: ["path": "paths"]
    )
}

extension SymlinkStep {
    static let shape = Keys<SymlinkStep>(
        "a 'symlink' step",
        [
            .required("path", .imagePathBelowRoot, \.path, "the symlink's own path in the image"),
            .required("target", .text(.line), \.target, "what it points to; stored as it is"),
        ],
        synonyms: ["from": "path", "to": "target"]
    )
    .shape(SymlinkStep(path: "", target: ""))
}

extension DirectoryStep {
    static let shape = Shape<DirectoryStep>.forms(
        "a path or a mapping",
        text: Shape<String>.imagePathBelowRoot.map { DirectoryStep(path: $0) },
        mapping: keys.shape(DirectoryStep(path: ""))
    )

    private static let keys = Keys<DirectoryStep>(
        "a 'directory' step",
        [
            .required("path", .imagePathBelowRoot, \.path, "the folder's path in the image"),
            .optional("owner", .owner, \.owner, "the folder's owner, as 'USER[:GROUP]'; root by default"),
            .defaulted("mode", .mode, \.mode, "the folder's mode; \"0755\" by default"),
        ],
        synonyms: ["chown": "owner", "chmod": "mode"]
    )
}
