import OCI
import Rollouts
import SystemIO

/// Everything that an image was baked from, as a provenance statement names it, each once.
struct Dependencies {
    /// The name of the digest of what steps read: of a file or folder as a listing of names, kinds, execute bits and
    /// contents.
    ///
    /// It is no SHA-256 of any content, so it is not called one.
    static let treeDigest = "ovenbirdTree"

    private(set) var all: [JSONValue] = []
    private var seen: Set<JSONValue> = []
    private var images: Set<String> = []
    private let release: Release

    init(of name: String, _ image: ReleasedImage, in release: Release) {
        self.release = release
        addSources()
        addCommit()
        add(inputsOf: name, image)
    }

    private mutating func add(_ dependency: JSONValue) {
        if seen.insert(dependency).inserted { all.append(dependency) }
    }

    /// The Bakefile and the files beside it: whatever the release lists.
    private mutating func addSources() {
        for source in release.sources {
            add(.object(["name": .string(source.path), "digest": .object(["sha256": .string(source.digest.hex)])]))
        }
    }

    private mutating func addCommit() {
        guard let git = release.git, let commit = git.commit else { return }
        let algorithm = commit.utf8.count == 40 ? "gitCommit" : "sha256"
        add(
            .object([
                "name": "git",
                "digest": .object([algorithm: .string(commit)]),
                "annotations": .object([
                    "branch": git.branch.map(JSONValue.string),
                    "description": git.name.map(JSONValue.string),
                    "dirty": .bool(git.isDirty),
                    "changes": git.changes.isEmpty ? nil : .strings(git.changes),
                ]),
            ])
        )
    }

    /// What the image starts from and what its steps read, and the same of the images that it is made of.
    private mutating func add(inputsOf name: String, _ image: ReleasedImage) {
        guard images.insert(name).inserted else { return }
        addBase(of: name, image)
        for input in image.inputs {
            add(
                .object([
                    "name": .string(input.path),
                    "digest": .object([Self.treeDigest: .string(input.digest.hex)]),
                    "annotations": .object(["step": .string("\(name):\(input.step)")]),
                ])
            )
        }
        for used in image.usedImages { add(used.image, used.identity, at: "\(name):\(used.step)") }
    }

    private mutating func addBase(of name: String, _ image: ReleasedImage) {
        guard let digest = image.base.digest else { return }
        let isInput = image.inputs.contains { $0.step == "from" && $0.digest == digest }
        // A base that lies in a file is among the inputs.
        if isInput { return }
        if let base = release.images.filter({ $0.value.identity == digest && $0.key != name }).keys.min() {
            add(base, digest, at: "\(name):from")
            return
        }
        add(
            .object([
                "name": .string(image.base.from),
                "digest": .object(["sha256": .string(digest.hex)]),
                "annotations": .object([
                    "step": .string("\(name):from"),
                    "resolved": image.base.resolved.map { .string(Timestamp.text(seconds: $0)) },
                ]),
            ])
        )
    }

    private mutating func add(_ other: String, _ identity: Digest, at step: String) {
        add(
            .object([
                "name": .string("\(release.project)/\(other)"),
                "digest": .object(["sha256": .string(identity.hex)]),
                "mediaType": .string(MediaType.imageConfig.description),
                "annotations": .object(["step": .string(step)]),
            ])
        )
        if let image = release.images[other], image.identity == identity { add(inputsOf: other, image) }
    }
}
