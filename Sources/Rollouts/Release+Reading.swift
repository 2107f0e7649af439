import Bakefiles
package import Diagnostics
import OCI
import SystemIO

extension DiagnosticIdentifier {
    /// A file that should be a release is none, or one that this ovenbird cannot read.
    package static let invalidRelease: Self = "invalid-release"
}

extension Release {
    /// Reads a release document.
    ///
    /// - Parameters:
    ///   - bytes: the file's; white space and the order of members do not count.
    ///   - name: what the user calls the file, for messages.
    /// - Throws: what is wrong with it, the first mistake only: a release is written by programs.
    package init(reading bytes: [UInt8], name: String) throws(InvalidInput) {
        let document: JSONValue
        do {
            document = try JSONValue.parse(bytes)
        } catch {
            throw Self.refusal(name, why: "it is not a JSON document")
        }
        if let form = document["release"]?.integerValue, form > Self.form {
            throw Self.refusal(
                name,
                why: "it has form \(form), and this ovenbird knows form \(Self.form)",
                fix: "use the ovenbird that wrote it, or a newer one"
            )
        }
        do {
            self = try Self(document)
        } catch {
            throw Self.refusal(name, why: error.description)
        }
    }

    private static func refusal(_ name: String, why: String, fix: String? = nil) -> InvalidInput {
        InvalidInput(Diagnostic("'\(name)' is not a release", .invalidRelease, why: why, fix: fix))
    }

    private init(_ document: JSONValue) throws(ReleaseReader.Failure) {
        let reader = try ReleaseReader(
            document,
            at: "",
            keys: [
                "release", "project", "created", "parent", "tool", "images", "sources", "variables", "secrets",
                "timestamp", "git", "build", "ledger",
            ]
        )
        guard try reader.integer("release", atLeast: 1) == Self.form else {
            throw reader.failure("release", "is not \(Self.form)")
        }
        let named = try reader.object("images", keys: nil)
        var images: [String: ReleasedImage] = [:]
        for name in named.names {
            images[name] = try ReleasedImage(try named.object(name, keys: ReleasedImage.keys))
        }
        // Releases of earlier ovenbirds have none.
        var sources: [Source] = []
        for source in try reader.optionalObjects("sources", keys: ["path", "digest"]) {
            sources.append(Source(path: try source.text("path"), digest: try source.digest("digest")))
        }
        let values = try reader.object("variables", keys: nil)
        var variables: [String: String] = [:]
        for name in values.names { variables[name] = try values.text(name) }
        let git = try reader.optionalObject("git", keys: ["commit", "branch", "name", "dirty", "changes"])
        let build = try reader.optionalObject("build", keys: ["system", "job", "number", "url"])
        self.init(
            project: try reader.text("project"),
            created: try reader.time("created"),
            parent: try reader.optionalDigest("parent"),
            tool: try reader.text("tool"),
            images: images,
            sources: sources,
            variables: variables,
            secrets: reader.has("secrets") ? try reader.texts("secrets") : [],
            timestamp: try reader.optionalTime("timestamp"),
            git: try git.map { (git) throws(ReleaseReader.Failure) in try GitState(git) },
            build: try build.map { (build) throws(ReleaseReader.Failure) in try ContinuousIntegration(build) },
            ledger: try VersionLedger(
                try reader.objects("ledger", keys: ["image", "version", "identity", "sequence"]),
                in: reader
            )
        )
    }
}

extension ReleasedImage {
    static let keys = [
        "kind", "version", "identity", "manifest", "platforms", "base", "layers", "references", "inputs", "images",
        "attestations", "placements",
    ]

    init(_ reader: ReleaseReader) throws(ReleaseReader.Failure) {
        guard let kind = Image.Kind(rawValue: try reader.text("kind")) else {
            throw reader.failure("kind", "is neither 'docker' nor 'ami'")
        }
        let base = try reader.object("base", keys: ["ami", "from", "digest", "resolved"])
        var layers: [Layer] = []
        for layer in try reader.objects("layers", keys: ["diffID", "size", "step"]) {
            layers.append(
                Layer(
                    diffID: try layer.digest("diffID"),
                    size: try layer.integer("size", atLeast: 0),
                    step: try layer.text("step")
                )
            )
        }
        var inputs: [Input] = []
        for input in try reader.objects("inputs", keys: ["step", "path", "digest", "content"]) {
            inputs.append(
                Input(
                    step: try input.text("step"),
                    path: try input.text("path"),
                    digest: try input.digest("digest"),
                    content: try input.optionalDigest("content")
                )
            )
        }
        var used: [UsedImage] = []
        for image in try reader.optionalObjects("images", keys: ["step", "image", "identity"]) {
            used.append(
                UsedImage(
                    step: try image.text("step"),
                    image: try image.text("image"),
                    identity: try image.digest("identity")
                )
            )
        }
        let attestations = try reader.optionalObject("attestations", keys: ["sbom", "provenance"])
        let named = try reader.optionalObject("platforms", keys: nil)
        var platforms: [String: String] = [:]
        for name in named?.names ?? [] { platforms[name] = try named?.text(name) }
        var placements: [Placement] = []
        let keys = ["repository", "manifest", "account", "region", "ami", "snapshot"]
        for placement in try reader.objects("placements", keys: keys) { placements.append(try Placement(placement)) }
        self.init(
            kind: kind,
            version: try reader.version("version"),
            identity: try reader.digest("identity"),
            manifest: try reader.digest("manifest"),
            platforms: platforms,
            base: Base(
                from: try base.text("from"),
                digest: try base.optionalDigest("digest"),
                resolved: try base.optionalTime("resolved"),
                ami: try base.optionalText("ami")
            ),
            layers: layers,
            references: try reader.texts("references"),
            inputs: inputs,
            usedImages: used,
            attestations: try attestations.map { (reader) throws(ReleaseReader.Failure) in
                Attestations(sbom: try reader.digest("sbom"), provenance: try reader.digest("provenance"))
            },
            placements: placements
        )
    }
}

extension Placement {
    fileprivate init(_ reader: ReleaseReader) throws(ReleaseReader.Failure) {
        if reader.has("repository") {
            for key in reader.names where key != "repository" && key != "manifest" {
                throw reader.failure(key, "does not belong to a placement in a registry")
            }
            self = .registry(repository: try reader.text("repository"), manifest: try reader.digest("manifest"))
        } else {
            if reader.has("manifest") { throw reader.failure("manifest", "does not belong to a placement as an AMI") }
            self = .machine(
                account: try reader.text("account"),
                region: try reader.text("region"),
                ami: try reader.text("ami"),
                snapshot: try reader.text("snapshot")
            )
        }
    }
}

extension GitState {
    fileprivate init(_ reader: ReleaseReader) throws(ReleaseReader.Failure) {
        let isDirty = try reader.bool("dirty")
        let changes = try reader.texts("changes")
        guard isDirty == !changes.isEmpty else { throw reader.failure("dirty", "contradicts 'changes'") }
        self.init(
            commit: try reader.optionalText("commit"),
            branch: try reader.optionalText("branch"),
            name: try reader.optionalText("name"),
            changes: changes
        )
    }
}

extension ContinuousIntegration {
    fileprivate init(_ reader: ReleaseReader) throws(ReleaseReader.Failure) {
        guard let system = System(rawValue: try reader.text("system")) else {
            throw reader.failure("system", "is not a CI system that ovenbird knows")
        }
        self.init(
            system: system,
            job: try reader.optionalText("job"),
            number: try reader.optionalText("number"),
            url: try reader.optionalText("url")
        )
    }
}

extension VersionLedger {
    fileprivate init(
        _ readers: [ReleaseReader],
        in document: ReleaseReader
    ) throws(ReleaseReader.Failure) {
        var entries: [Entry] = []
        for reader in readers {
            entries.append(
                Entry(
                    image: try reader.text("image"),
                    version: try reader.version("version"),
                    identity: try reader.digest("identity"),
                    sequence: try reader.integer("sequence", atLeast: 1, atMost: Self.highestNumber)
                )
            )
        }
        do {
            try self.init(entries)
        } catch {
            throw document.failure("ledger", "gives version '\(error.version)' of '\(error.image)' to two identities")
        }
    }
}
