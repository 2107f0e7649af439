import Bakefiles
package import OCI
package import SystemIO

extension Release {
    /// The document; its JSON Schema is `Release.schema`.
    package var json: JSONValue {
        .object([
            "release": .integer(Self.form),
            "project": .string(project),
            "created": .string(Timestamp.text(seconds: created)),
            "parent": parent.map { .string($0.description) },
            "tool": .string(tool),
            "images": .object(images.mapValues(\.json)),
            "sources": sources.isEmpty
                ? nil
                : .array(
                    sources.map { .object(["path": .string($0.path), "digest": .string($0.digest.description)]) }
                ),
            "variables": .strings(variables),
            "secrets": secrets.isEmpty ? nil : .strings(secrets),
            "timestamp": timestamp.map { .string(Timestamp.text(seconds: $0)) },
            "git": git?.json,
            "build": build?.json,
            "ledger": ledger.json,
        ])
    }

    /// What a release file holds and what its digest is of.
    package var canonicalBytes: [UInt8] { json.canonicalBytes }

    /// The name of the release.
    package var digest: Digest { Digester.digest(of: canonicalBytes) }

    /// The JSON Schema of the document, for editors and other programs.
    package static var schema: [UInt8] { PackageResources.ReleaseSchema_json }
}

extension ReleasedImage {
    var json: JSONValue {
        .object([
            "kind": .string(kind.rawValue),
            "version": .string(version),
            "identity": .string(identity.description),
            "manifest": .string(manifest.description),
            "platforms": platforms.isEmpty ? nil : .strings(platforms),
            "base": .object([
                "ami": base.ami.map(JSONValue.string),
                "from": .string(base.from),
                "digest": base.digest.map { .string($0.description) },
                "resolved": base.resolved.map { .string(Timestamp.text(seconds: $0)) },
            ]),
            "layers": .array(
                layers.map { layer in
                    .object([
                        "diffID": .string(layer.diffID.description), "size": .integer(layer.size),
                        "step": .string(layer.step),
                    ])
                }
            ),
            "references": .strings(references),
            "inputs": .array(
                inputs.map { input in
                    .object([
                        "step": .string(input.step), "path": .string(input.path),
                        "digest": .string(input.digest.description),
                        "content": input.content.map { .string($0.description) },
                    ])
                }
            ),
            "images": usedImages.isEmpty
                ? nil
                : .array(
                    usedImages.map { used in
                        .object([
                            "step": .string(used.step), "image": .string(used.image),
                            "identity": .string(used.identity.description),
                        ])
                    }
                ),
            "attestations": attestations.map { attestations in
                .object([
                    "sbom": .string(attestations.sbom.description),
                    "provenance": .string(attestations.provenance.description),
                ])
            },
            "placements": .array(placements.map(\.json)),
        ])
    }
}

extension Placement {
    var json: JSONValue {
        switch self {
        case .registry(let repository, let manifest):
            .object(["repository": .string(repository), "manifest": .string(manifest.description)])
        case .machine(let account, let region, let ami, let snapshot):
            .object([
                "account": .string(account), "region": .string(region), "ami": .string(ami),
                "snapshot": .string(snapshot),
            ])
        }
    }
}

extension GitState {
    var json: JSONValue {
        .object([
            "commit": commit.map(JSONValue.string),
            "branch": branch.map(JSONValue.string),
            "name": name.map(JSONValue.string),
            "dirty": .bool(isDirty),
            "changes": .strings(changes),
        ])
    }
}

extension ContinuousIntegration {
    package var json: JSONValue {
        .object([
            "system": .string(system.rawValue),
            "job": job.map(JSONValue.string),
            "number": number.map(JSONValue.string),
            "url": url.map(JSONValue.string),
        ])
    }
}

extension VersionLedger {
    var json: JSONValue {
        .array(
            entries.map { entry in
                .object([
                    "image": .string(entry.image), "version": .string(entry.version),
                    "identity": .string(entry.identity.description), "sequence": .integer(entry.sequence),
                ])
            }
        )
    }
}
