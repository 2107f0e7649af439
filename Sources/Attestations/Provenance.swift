package import Bakefiles
package import OCI
package import Rollouts
package import SystemIO

/// How an image came to be: an in-toto statement with SLSA provenance, a function of the release that it belongs to and
/// of the lists of packages that the release names.
///
/// Pushing and registering do not change it: it says nothing of placements, of the ledger and of the release's parent.
/// Source: in-toto attestation framework, Statement v1; SLSA 1.0, "Provenance".
package struct Provenance {
    /// What the members of `buildDefinition` mean; the manual describes it.
    package static let buildType = "urn:ovenbird:bake:1"

    package let json: JSONValue

    /// The statement's bytes, which the release names by digest.
    package var canonicalBytes: [UInt8] { json.canonicalBytes }

    /// The statement about an image of a release, where `sbom` is the image's bill of materials and `packages` are the
    /// lists of packages that inputs of the release name by digest.
    package init(
        of name: String,
        _ image: ReleasedImage,
        in release: Release,
        sbom: Digest,
        packages: [Digest: PackageList] = [:]
    ) {
        json = .object([
            "_type": "https://in-toto.io/Statement/v1",
            "predicateType": "https://slsa.dev/provenance/v1",
            "subject": Self.subject(name, image, release),
            "predicate": .object([
                "buildDefinition": .object([
                    "buildType": .string(Self.buildType),
                    "externalParameters": .object([
                        "project": .string(release.project),
                        "image": .string(name),
                        "bakefile": release.sources.first.map { .string($0.path) },
                        "variables": .strings(release.variables),
                        "secrets": release.secrets.isEmpty ? nil : .strings(release.secrets),
                        "timestamp": release.timestamp.map { .string(Timestamp.text(seconds: $0)) },
                    ]),
                    "resolvedDependencies": .array(
                        Dependencies(of: name, image, in: release, packages: packages).all
                    ),
                ]),
                "runDetails": Self.runDetails(release, sbom),
            ]),
        ])
    }

    /// The image by its identity, and by its manifest: registries know it by that.
    private static func subject(_ name: String, _ image: ReleasedImage, _ release: Release) -> JSONValue {
        let title = "\(release.project)/\(name)"
        return .array([
            .object([
                "name": .string(title),
                "digest": .object(["sha256": .string(image.identity.hex)]),
                "mediaType": .string(MediaType.imageConfig.description),
                "annotations": .object(["version": .string(image.version)]),
            ]),
            .object([
                "name": .string("\(title)/manifest"),
                "digest": .object(["sha256": .string(image.manifest.hex)]),
                "mediaType": .string(MediaType.imageManifest.description),
            ]),
        ])
    }

    private static func runDetails(_ release: Release, _ sbom: Digest) -> JSONValue {
        let build = release.build
        let tool = release.tool.split(separator: " ", maxSplits: 1).map(String.init)
        return .object([
            "builder": .object([
                "id": .string("urn:ovenbird:builder:\(build?.system.rawValue ?? "local")"),
                "version": tool.count == 2 ? .object([tool[0]: .string(tool[1])]) : nil,
            ]),
            "metadata": .object([
                "invocationId": build.flatMap(invocation).map(JSONValue.string),
                "finishedOn": .string(Timestamp.text(seconds: release.created)),
                // SLSA wants a vendor before what it does not define.
                "ovenbird_build": build?.json,
            ]),
            "byproducts": .array([
                .object([
                    "name": "sbom",
                    "digest": .object(["sha256": .string(sbom.hex)]),
                    "mediaType": "application/spdx+json",
                ])
            ]),
        ])
    }

    private static func invocation(_ build: ContinuousIntegration) -> String? {
        let parts = [build.job, build.number].compactMap { $0 }
        return build.url ?? (parts.isEmpty ? nil : "\(build.system.rawValue):\(parts.joined(separator: "#"))")
    }
}
