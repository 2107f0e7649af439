import FakeRegistry
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Attestations beside pushed images in Debian's docker-registry, which has no referrers API; skopeo reads the tag.
@Suite("Referrers", .enabled(if: hasTool("docker-registry") && hasTool("skopeo")))
struct EndToEndReferrersTests {
    private func kitchen(_ host: String) async throws -> Kitchen {
        let kitchen = try await Kitchen()
        let bakefile = Kitchen.site.replacing(
            "    version: sequence",
            with: "    version: sequence\n    push: [\(host)/kitchen/site]"
        )
        try kitchen.work.write(bakefile, to: "Bakefile")
        try await kitchen.run("bake", "--first")
        return kitchen
    }

    private func raw(_ reference: String) async throws -> [UInt8] {
        Array(
            try await requireTool("skopeo", ["inspect", "--tls-verify=false", "--raw", "docker://\(reference)"]).utf8
        )
    }

    @Test func `push, judge, push again, fetch`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await kitchen(host)
            let pushed = try await kitchen.ovenbird(["push", "--insecure", host, "--format", "json"])
            #expect(pushed.status == 0, "\(pushed.error)")
            let entry = try #require(try JSONValue.parse(pushed.output)["pushed"]?.arrayValue?.first)
            let manifest = try #require(entry["manifest"]?.stringValue.flatMap { Digest($0) })
            let referrers = try #require(entry["referrers"]?.arrayValue).compactMap { $0.stringValue }
            #expect(referrers.count == 2)

            // The judge: the index under the tag, and each artifact that it names.
            let index = try ImageIndex(decoding: try await raw("\(host)/kitchen/site:sha256-\(manifest.hex)"))
            #expect(index.manifests.map(\.digest.description) == referrers)
            #expect(
                index.manifests.map(\.artifactType?.description) == [
                    "application/spdx+json", "application/vnd.in-toto+json",
                ]
            )
            for (line, file) in zip(index.manifests, ["site.spdx.json", "site.provenance.json"]) {
                let bytes = try await raw("\(host)/kitchen/site@\(line.digest)")
                #expect(Digester.digest(of: bytes) == line.digest)
                #expect(Int64(bytes.count) == line.size)
                let artifact = try ImageManifest(decoding: bytes)
                #expect(artifact.subject?.digest == manifest)
                let document = try Files.read(kitchen.work.file("out/attestations/\(file)"))
                let copy = folder.file(file)
                try await requireTool(
                    "skopeo",
                    [
                        "copy", "-q", "--src-tls-verify=false", "docker://\(host)/kitchen/site@\(line.digest)",
                        "dir:\(copy)",
                    ]
                )
                #expect(try Files.read(copy.appending(Digester.digest(of: document).hex)) == document)
                #expect(artifact.layers.map(\.digest) == [Digester.digest(of: document)])
            }

            let again = try await kitchen.ovenbird(["push", "--insecure", host, "--format", "json"])
            let same = try JSONValue.parse(again.output)["pushed"]?.arrayValue?.first
            #expect(same?["unchanged"]?.boolValue == true)
            #expect(same?["uploaded"]?.integerValue == 0)
            #expect(same?["referrers"] == entry["referrers"])

            let fetched = try await kitchen.ovenbird([
                "referrers", "\(host)/kitchen/site:1", "--type", "sbom", "--to", "bills", "--insecure", host,
            ])
            #expect(fetched.status == 0, "\(fetched.error)")
            let bill = try Files.read(kitchen.work.file("out/attestations/site.spdx.json"))
            let path = "bills/\(Digester.digest(of: bill).hex).json"
            #expect(
                fetched.text.split(separator: "\n").last.map(String.init)
                    == "\(host)/kitchen/site  \(manifest.short)  application/spdx+json  \(referrers[0])  \(path)"
            )
            #expect(try Files.read(kitchen.work.file(path)) == bill)

            let listed = try await kitchen.ovenbird(["referrers", "--insecure", host, "--format", "json"])
            let lines = try JSONValue.parse(listed.output)["referrers"]?.arrayValue ?? []
            #expect(lines.map { $0["manifest"]?.stringValue } == referrers)
            #expect(lines.map { $0["image"]?.stringValue } == ["site", "site"])
            #expect(lines.allSatisfy { $0["subject"]?.stringValue == manifest.description })
            #expect(
                lines.last?["annotations"]?["in-toto.io/predicate-type"]?.stringValue
                    == "https://slsa.dev/provenance/v1"
            )

            // Baked again from the same inputs it is the same image, of which there is no news.
            try await kitchen.run("bake", environment: ["JENKINS_URL": "x", "JOB_NAME": "a", "BUILD_NUMBER": "7"])
            let later = try await kitchen.ovenbird(["push", "--insecure", host, "--format", "json"])
            let known = try JSONValue.parse(later.output)["pushed"]?.arrayValue?.first
            #expect(known?["referrers"] == entry["referrers"])
            #expect(known?["unchanged"]?.boolValue == true)
        }
    }

    @Test func `a registry that refuses them gets no tag`() async throws {
        let refusal = FakeRegistry.Fault(times: .max, .answer(FakeAnswer(403))) {
            $0.method == "PUT" && $0.path.contains("/manifests/sha256-")
        }
        let registry = try await FakeRegistry.start(faults: [refusal], listsReferrers: false)
        let host = registry.authority
        let kitchen = try await kitchen(host)
        let refused = try await kitchen.ovenbird(["push", "--insecure", host])
        #expect(refused.status == 1)
        #expect(
            refused.error.contains(
                "error: cannot push '\(host)/kitchen/site:1': PUT http://\(host)/v2/kitchen/site/manifests/sha256-"
            ),
            "\(refused.error)"
        )
        #expect(refused.error.contains(": 403 [registry-denied]\n"), "\(refused.error)")
        #expect(registry.tags("kitchen/site") == [])
        registry.add(
            .init(times: .max, .answer(FakeAnswer(400))) {
                $0.method == "PUT" && String(decoding: $0.body, as: UTF8.self).contains("\"artifactType\"")
            }
        )
        let old = try await kitchen.ovenbird(["push", "--insecure", host])
        #expect(
            old.error.contains(
                ": 400 [registry-refused]\n  fix: if the registry takes no artifacts, push with '--no-attestations'\n"
            ),
            "\(old.error)"
        )
        try await kitchen.run("push", "--no-attestations", "--insecure", host)
        #expect(registry.tags("kitchen/site") == ["1"])
    }

    @Test func `a document without bounds is not fetched`() async throws {
        let registry = try await FakeRegistry.start(listsReferrers: false)
        let host = registry.authority
        let kitchen = try await kitchen(host)
        try await kitchen.run("push", "--no-attestations", "--insecure", host)
        let image = try #require(registry.manifest("kitchen/site", "1"))
        let (document, type) = (Digester.digest(of: "never sent"), MediaType.imageManifest)
        let artifact = ImageManifest(
            config: ContentDescriptor(mediaType: .emptyDocument, digest: Digester.digest(of: "{}"), size: 2),
            layers: [ContentDescriptor(mediaType: .spdx, digest: document, size: 300 << 20)],
            artifactType: .spdx,
            subject: ContentDescriptor(mediaType: type, digest: Digester.digest(of: image), size: Int64(image.count))
        ).json.canonicalBytes
        let entry = ContentDescriptor(
            mediaType: type,
            digest: Digester.digest(of: artifact),
            size: Int64(artifact.count),
            artifactType: .spdx
        )
        registry.put(artifact, manifestOf: "kitchen/site", as: [], type: type.description)
        registry.put(
            ImageIndex(manifests: [entry]).json.canonicalBytes,
            manifestOf: "kitchen/site",
            as: ["sha256-\(Digester.digest(of: image).hex)"],
            type: MediaType.imageIndex.description
        )
        let refused = try await kitchen.ovenbird(["referrers", "site", "--to", "bills", "--insecure", host])
        #expect(refused.status == 1)
        #expect(
            refused.error.contains(
                "'\(host)/kitchen/site': '\(document)' has 314572800 bytes, more than the limit of 268435456"
            ),
            "\(refused.error)"
        )
        #expect(!Files.exists(kitchen.work.file("bills")))
    }

    @Test func `without attestations, and with a damaged one`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await kitchen(host)
            let bare = try await kitchen.ovenbird(["push", "--no-attestations", "--insecure", host])
            #expect(bare.status == 0, "\(bare.error)")
            let none = try await kitchen.ovenbird(["referrers", "site", "--insecure", host])
            #expect(none.text == "REPOSITORY  SUBJECT  TYPE  MANIFEST\n")

            // Then the image is there, and what is said of it is not.
            let bill = Digester.digest(of: try Files.read(kitchen.work.file("out/attestations/site.spdx.json")))
            try Files.removeFile(kitchen.store.appending("blobs/sha256").appending(bill.hex))
            let late = try await kitchen.ovenbird(["push", "--insecure", host])
            #expect(late.status == 0, "\(late.error)")
            #expect(!Files.exists(kitchen.work.file("out/attestations/site.spdx.json")))
            #expect(late.error.contains("note: the store has the sbom of 'site' no more, and it is not pushed\n"))
            #expect(!late.text.contains("unchanged"), "\(late.text)")
            let one = try await kitchen.ovenbird(["referrers", "site", "--insecure", host, "--format", "json"])
            let line = try #require(try JSONValue.parse(one.output)["referrers"]?.arrayValue?.first)
            #expect(line["type"] == "application/vnd.in-toto+json")

            let provenance = Digester.digest(
                of: try Files.read(kitchen.work.file("out/attestations/site.provenance.json"))
            )
            let blob = folder.file("registry-data/docker/registry/v2/blobs/sha256")
                .appending(String(provenance.hex.prefix(2))).appending(provenance.hex).appending("data")
            let bytes = try Files.read(blob)
            try AtomicFile.write(bytes.dropLast() + [UInt8(ascii: " ")], to: blob)
            let damaged = try await kitchen.ovenbird(["referrers", "site", "--to", "got", "--insecure", host])
            #expect(damaged.status == 1)
            #expect(damaged.text == "")
            #expect(
                damaged.error.contains("error: cannot list what refers to '\(host)/kitchen/site@sha256:"),
                "\(damaged.error)"
            )
            #expect(damaged.error.contains("has another content, with the digest"), "\(damaged.error)")
            #expect(try Files.names(in: kitchen.work.file("got")) == [])
        }
        let other = try await Kitchen()
        let mistake = try await other.ovenbird(["referrers", "a.example/b", "--type", "bill"])
        #expect(mistake.status == 2)
        #expect(mistake.error.contains("'bill' is neither 'sbom', 'provenance' nor a media type"), "\(mistake.error)")
    }
}
