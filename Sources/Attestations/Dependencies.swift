import Bakefiles
import OCI
import Rollouts
import SystemIO

/// Everything that an image was baked from, as a provenance statement names it, each once.
struct Dependencies {
    /// The name of the digest of what steps read: of a file or folder as a listing of names, kinds, execute bits and
    /// contents.
    ///
    /// It is no SHA-256 of any content, so it is not called one; where one file was read, that stands beside it.
    static let treeDigest = "ovenbirdTree"

    private(set) var all: [JSONValue] = []
    private var seen: Set<JSONValue> = []
    private var images: Set<String> = []
    private let release: Release
    private let packages: [Digest: PackageList]

    /// `packages` holds the lists that inputs of the release name; of others there is only the digest.
    init(of name: String, _ image: ReleasedImage, in release: Release, packages: [Digest: PackageList]) {
        self.release = release
        self.packages = packages
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
        for input in image.inputs { add(input, at: "\(name):\(input.step)") }
        for used in image.usedImages { add(used.image, used.identity, at: "\(name):\(used.step)") }
    }

    private mutating func add(_ input: ReleasedImage.Input, at step: String) {
        if input.path == ReleasedImage.Input.packages { return add(packages: input.digest, at: step) }
        add(
            .object([
                "name": .string(input.path),
                "digest": .object([
                    Self.treeDigest: .string(input.digest.hex),
                    "sha256": input.content.map { .string($0.hex) },
                ]),
                "annotations": .object(["step": .string(step)]),
            ])
        )
    }

    /// The list of the packages that a step brought, which is a blob, and each of them.
    private mutating func add(packages list: Digest, at step: String) {
        let annotations: JSONValue = .object(["step": .string(step)])
        add(
            .object([
                "name": .string(ReleasedImage.Input.packages),
                "digest": .object(["sha256": .string(list.hex)]),
                "annotations": annotations,
            ])
        )
        for package in packages[list]?.packages ?? [] {
            add(
                .object([
                    "name": .string(package.name),
                    "uri": .string(PackageURL(package).description),
                    "digest": .object(["sha256": .string(package.digest.hex)]),
                    "downloadLocation": .string(package.uri),
                    "annotations": annotations,
                ])
            )
        }
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
