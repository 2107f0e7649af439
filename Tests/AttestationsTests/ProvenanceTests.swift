import Attestations
import Bakefiles
import OCI
import Rollouts
import SystemIO
import TestSupport
import Testing

@Suite("The provenance statement")
struct ProvenanceTests {
    private func digest(_ digit: Character) throws -> Digest {
        try #require(Digest(hex: String(repeating: digit, count: 64)))
    }

    /// `web` starts from `root`, which starts from Debian; `web` takes files from `tools`, which starts from an archive.
    private func release() throws -> Release {
        func image(
            _ identity: Character,
            _ base: ReleasedImage.Base,
            _ inputs: [ReleasedImage.Input] = [],
            uses: [ReleasedImage.UsedImage] = []
        ) throws -> ReleasedImage {
            ReleasedImage(
                kind: .docker,
                version: "1.0.1",
                identity: try digest(identity),
                manifest: try digest("e"),
                base: base,
                layers: [],
                inputs: inputs,
                usedImages: uses
            )
        }
        return Release(
            project: "shop",
            created: 1_700_000_000,
            tool: "ovenbird 0.1.0",
            images: [
                "root": try image(
                    "a",
                    .init(from: "debian bookworm (apt)", digest: try digest("1"), resolved: 86_400),
                    [.init(step: "from", path: "keys.gpg", digest: try digest("2"))]
                ),
                "tools": try image(
                    "b",
                    .init(from: "tools.tar", digest: try digest("3")),
                    [.init(step: "from", path: "tools.tar", digest: try digest("3"))]
                ),
                "web": try image(
                    "c",
                    .init(from: "image root", digest: try digest("a")),
                    [.init(step: "copy-1", path: "site", digest: try digest("4"))],
                    uses: [.init(step: "copy-2", image: "tools", identity: try digest("b"))]
                ),
            ],
            sources: [
                .init(path: "Bakefile", digest: try digest("5")), .init(path: "more.yaml", digest: try digest("6")),
            ],
            variables: ["suite": "bookworm"],
            git: GitState(
                commit: String(repeating: "0123456789", count: 4),
                branch: "main",
                name: "v1",
                changes: ["notes.txt"]
            ),
            build: ContinuousIntegration(
                system: .jenkins,
                job: "shop/bake",
                number: "42",
                url: "https://ci.example.com/job/shop/42/"
            ),
            ledger: try VersionLedger([])
        )
    }

    private func statement(_ name: String = "web", in release: Release) throws -> Provenance {
        Provenance(of: name, try #require(release.images[name]), in: release, sbom: try digest("d"))
    }

    private func dependencies(_ statement: Provenance) -> [JSONValue] {
        statement.json["predicate"]?["buildDefinition"]?["resolvedDependencies"]?.arrayValue ?? []
    }

    /// What a user and a digest see, byte for byte.
    @Test func `is canonical`() throws {
        func of(_ digit: String) -> String { String(repeating: digit, count: 64) }
        let config = "application/vnd.oci.image.config.v1+json"
        #expect(
            String(decoding: try statement(in: try release()).canonicalBytes, as: UTF8.self)
                == #"{"_type":"https://in-toto.io/Statement/v1","predicate":{"buildDefinition":{"#
                + #""buildType":"urn:ovenbird:bake:1","externalParameters":{"bakefile":"Bakefile","image":"web","#
                + #""project":"shop","variables":{"suite":"bookworm"}},"resolvedDependencies":["#
                + #"{"digest":{"sha256":"\#(of("5"))"},"name":"Bakefile"},"#
                + #"{"digest":{"sha256":"\#(of("6"))"},"name":"more.yaml"},"#
                + #"{"annotations":{"branch":"main","changes":["notes.txt"],"description":"v1","dirty":true},"#
                + #""digest":{"gitCommit":"0123456789012345678901234567890123456789"},"name":"git"},"#
                + #"{"annotations":{"step":"web:from"},"digest":{"sha256":"\#(of("a"))"},"mediaType":"\#(config)","#
                + #""name":"shop/root"},"#
                + #"{"annotations":{"resolved":"1970-01-02T00:00:00Z","step":"root:from"},"#
                + #""digest":{"sha256":"\#(of("1"))"},"name":"debian bookworm (apt)"},"#
                + #"{"annotations":{"step":"root:from"},"digest":{"ovenbirdTree":"\#(of("2"))"},"name":"keys.gpg"},"#
                + #"{"annotations":{"step":"web:copy-1"},"digest":{"ovenbirdTree":"\#(of("4"))"},"name":"site"},"#
                + #"{"annotations":{"step":"web:copy-2"},"digest":{"sha256":"\#(of("b"))"},"mediaType":"\#(config)","#
                + #""name":"shop/tools"},"#
                + #"{"annotations":{"step":"tools:from"},"digest":{"ovenbirdTree":"\#(of("3"))"},"name":"tools.tar"}]},"#
                + #""runDetails":{"builder":{"id":"urn:ovenbird:builder:jenkins","version":{"ovenbird":"0.1.0"}},"#
                + #""byproducts":[{"digest":{"sha256":"\#(of("d"))"},"mediaType":"application/spdx+json","#
                + #""name":"sbom"}],"metadata":{"finishedOn":"2023-11-14T22:13:20Z","#
                + #""invocationId":"https://ci.example.com/job/shop/42/","ovenbird_build":{"job":"shop/bake","#
                + #""number":"42","system":"jenkins","url":"https://ci.example.com/job/shop/42/"}}}},"#
                + #""predicateType":"https://slsa.dev/provenance/v1","subject":["#
                + #"{"annotations":{"version":"1.0.1"},"digest":{"sha256":"\#(of("c"))"},"mediaType":"\#(config)","#
                + #""name":"shop/web"},{"digest":{"sha256":"\#(of("e"))"},"#
                + #""mediaType":"application/vnd.oci.image.manifest.v1+json","name":"shop/web/manifest"}]}"#
        )
    }

    @Test func `has the shape of in-toto's statements and SLSA's provenance`() async throws {
        let folder = try TemporaryFolder()
        try folder.write(statementShape, to: "shape.json")
        var bare = try release()
        (bare.git, bare.build, bare.sources, bare.variables) = (nil, nil, [], [:])
        bare.build = ContinuousIntegration(system: .bamboo, job: nil, number: nil, url: nil)
        for (name, release) in [("web", try release()), ("root", bare)] {
            try folder.write(try statement(name, in: release).canonicalBytes, to: "statement.json")
            let judge = """
                import json, jsonschema
                shape = json.load(open("shape.json"))
                jsonschema.Draft202012Validator.check_schema(shape)
                jsonschema.Draft202012Validator(shape).validate(json.load(open("statement.json")))
                """
            try await requireTool("python3", ["-c", judge], in: folder.path)
        }
    }

    @Test func `names every input of the release`() throws {
        let release = try release()
        let named = dependencies(try statement(in: release)).compactMap { $0["digest"]?.objectValue?.values.first }
        var wanted = release.sources.map(\.digest.hex) + [release.git?.commit ?? ""]
        for image in release.images.values {
            wanted +=
                image.inputs.map(\.digest.hex) + [image.base.digest?.hex ?? ""] + image.usedImages.map(\.identity.hex)
        }
        #expect(Set(named.compactMap(\.stringValue)) == Set(wanted))
        // Of an image alone, no others.
        let names = dependencies(try statement("tools", in: release)).compactMap { $0["name"]?.stringValue }
        #expect(names == ["Bakefile", "more.yaml", "git", "tools.tar"])
    }

    @Test func `names the packages of each step, the content of files, and secrets by their names alone`() throws {
        var release = try release()
        let list = PackageList([
            LockedPackage(
                name: "libstdc++6",
                version: "1:12.2.0-14",
                architecture: "amd64",
                size: 7,
                digest: try digest("7"),
                uri: "http://mirror.example/ubuntu/pool/libstdc++6.deb"
            )
        ])
        release.secrets = ["token"]
        release.timestamp = 86_400
        release.images["root"]?.inputs = [
            .init(step: "from", path: "keys.gpg", digest: try digest("2"), content: try digest("8")),
            .init(step: "from", path: ReleasedImage.Input.packages, digest: list.digest),
        ]
        #expect(release.packageLists == [list.digest])
        let image = try #require(release.images["web"])
        let sbom = try digest("d")
        let full = Provenance(of: "web", image, in: release, sbom: sbom, packages: [list.digest: list])
        let found = dependencies(full).filter { $0["annotations"]?["step"] == "root:from" }.dropFirst()
        #expect(
            found.map(\.canonicalText) == [
                #"{"annotations":{"step":"root:from"},"digest":{"ovenbirdTree":"\#(try digest("2").hex)","#
                    + #""sha256":"\#(try digest("8").hex)"},"name":"keys.gpg"}"#,
                #"{"annotations":{"step":"root:from"},"digest":{"sha256":"\#(list.digest.hex)"},"name":"<packages>"}"#,
                #"{"annotations":{"step":"root:from"},"digest":{"sha256":"\#(try digest("7").hex)"},"#
                    + #""downloadLocation":"http://mirror.example/ubuntu/pool/libstdc++6.deb","name":"libstdc++6","#
                    + #""uri":"pkg:deb/ubuntu/libstdc%2B%2B6@1:12.2.0-14?arch=amd64"}"#,
            ]
        )
        let parameters = full.json["predicate"]?["buildDefinition"]?["externalParameters"]
        #expect(parameters?["secrets"] == .array(["token"]))
        #expect(parameters?["timestamp"] == "1970-01-02T00:00:00Z")
        // A list that is not at hand is named all the same.
        #expect(dependencies(try statement(in: release)).count == dependencies(full).count - 1)
    }

    @Test func `says nothing of where the image was put, and does not end in images that use each other`() throws {
        let before = try release()
        var after = before
        after.parent = try digest("9")
        after.images["web"]?.placements = [.registry(repository: "registry.example.com/web", manifest: try digest("e"))]
        after.ledger = try VersionLedger([.init(image: "web", version: "1", identity: try digest("c"), sequence: 1)])
        #expect(try statement(in: before).canonicalBytes == statement(in: after).canonicalBytes)
        after.images["root"]?.usedImages = [.init(step: "copy-1", image: "web", identity: try digest("c"))]
        #expect(dependencies(try statement(in: after)).count == dependencies(try statement(in: before)).count + 1)
    }

    @Test func `is named by the release that it is of`() throws {
        let release = try release()
        let attested = release.attested(by: ["web": try digest("d"), "gone": try digest("d")])
        #expect(attested.images.mapValues { $0.attestations == nil } == ["web": false, "root": true, "tools": true])
        #expect(attested.provenances().keys.sorted() == ["web"])
        let statement = try #require(attested.provenances()["web"])
        #expect(attested.images["web"]?.attestations?.provenance == Digester.digest(of: statement.canonicalBytes))
        #expect(attested.attested(by: ["web": try digest("d")]) == attested)
    }
}

/// What the texts of in-toto's Statement v1 and of SLSA's provenance 1.0 demand, written as a schema.
private let statementShape = """
    {
      "type": "object",
      "required": ["_type", "subject", "predicateType", "predicate"],
      "additionalProperties": false,
      "properties": {
        "_type": { "const": "https://in-toto.io/Statement/v1" },
        "subject": {
          "type": "array", "minItems": 1,
          "items": { "allOf": [{ "$ref": "#/$defs/resource" }, { "required": ["name", "digest"] }] }
        },
        "predicateType": { "const": "https://slsa.dev/provenance/v1" },
        "predicate": {
          "type": "object",
          "required": ["buildDefinition", "runDetails"],
          "additionalProperties": false,
          "properties": {
            "buildDefinition": {
              "type": "object",
              "required": ["buildType", "externalParameters"],
              "additionalProperties": false,
              "properties": {
                "buildType": { "$ref": "#/$defs/uri" },
                "externalParameters": { "type": "object", "minProperties": 1 },
                "internalParameters": { "type": "object" },
                "resolvedDependencies": { "type": "array", "items": { "$ref": "#/$defs/resource" } }
              }
            },
            "runDetails": {
              "type": "object",
              "required": ["builder"],
              "additionalProperties": false,
              "properties": {
                "builder": {
                  "type": "object",
                  "required": ["id"],
                  "properties": {
                    "id": { "$ref": "#/$defs/uri" },
                    "version": { "type": "object", "additionalProperties": { "type": "string" } },
                    "builderDependencies": { "type": "array", "items": { "$ref": "#/$defs/resource" } }
                  }
                },
                "metadata": {
                  "type": "object",
                  "properties": {
                    "invocationId": { "type": "string" },
                    "startedOn": { "$ref": "#/$defs/time" },
                    "finishedOn": { "$ref": "#/$defs/time" }
                  },
                  "patternProperties": { "^[a-z]+_[a-z]+$": {} },
                  "additionalProperties": false
                },
                "byproducts": { "type": "array", "items": { "$ref": "#/$defs/resource" } }
              }
            }
          }
        }
      },
      "$defs": {
        "uri": { "type": "string", "pattern": "^[a-z][a-z0-9+.-]*:.+" },
        "time": { "type": "string", "pattern": "^[0-9-]{10}T[0-9:]{8}Z$" },
        "resource": {
          "type": "object",
          "anyOf": [{ "required": ["uri"] }, { "required": ["digest"] }, { "required": ["content"] }],
          "additionalProperties": false,
          "properties": {
            "name": { "type": "string", "minLength": 1 },
            "uri": { "$ref": "#/$defs/uri" },
            "digest": {
              "type": "object", "minProperties": 1,
              "patternProperties": { "^[A-Za-z0-9_]+$": { "type": "string", "pattern": "^[0-9a-f]+$" } },
              "additionalProperties": false
            },
            "content": { "type": "string" },
            "downloadLocation": { "type": "string" },
            "mediaType": { "type": "string" },
            "annotations": { "type": "object" }
          }
        }
      }
    }
    """
