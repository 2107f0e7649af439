import OCI
import SystemIO
import Testing

/// Documents from registries and files; the numbers are those of the page on hostile input.
@Suite struct HostileInputDocumentTests {
    private static let digest = "sha256:" + String(repeating: "a", count: 64)
    private static let descriptor: JSONValue = .object([
        "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": .string(digest), "size": 1,
        "platform": .object(["os": "linux", "architecture": "amd64"]), "annotations": .object(["a": "b"]),
    ])
    private static let manifest: JSONValue = .object([
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": descriptor,
        "layers": .array([descriptor]), "annotations": .object(["a": "b"]), "subject": descriptor,
    ])
    private static let index: JSONValue = .object([
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": .array([descriptor]),
    ])
    private static let config: JSONValue = .object([
        "architecture": "amd64", "os": "linux", "created": "1970-01-01T00:00:00Z",
        "config": .object(["Env": .array(["A=b"]), "Volumes": .object(["/v": .object([:] as KeyValuePairs)])]),
        "rootfs": .object(["type": "layers", "diff_ids": .array([.string(digest)])]),
        "history": .array([.object(["created_by": "x"])]),
    ])

    /// The error of each reader; nil where it accepts.
    private func refusal(_ bytes: [UInt8], _ kind: String) -> String? {
        do throws(DocumentError) {
            switch kind {
            case "manifest": _ = try ImageManifest(decoding: bytes)
            case "index": _ = try ImageIndex(decoding: bytes)
            default: _ = try ImageConfig(decoding: bytes)
            }
            return nil
        } catch { return error.description }
    }

    @Test func `row 16: a document is a manifest or an index, never both`() {
        let both: JSONValue = .object([
            "schemaVersion": 2, "config": Self.descriptor, "layers": .array([]), "manifests": .array([]),
        ])
        #expect(refusal(both.canonicalBytes, "manifest") == "image manifest: a manifest has no 'manifests'")
        #expect(refusal(both.canonicalBytes, "index") == "image index: an index has no 'layers'")
        #expect(refusal(Self.index.canonicalBytes, "manifest") != nil)
        #expect(refusal(Self.manifest.canonicalBytes, "index") != nil)
    }

    /// Each value of each document once as null, number, text, list and object: an answer, and never a crash.
    @Test func `row 17: any value may be of any kind`() {
        for (kind, document) in [("manifest", Self.manifest), ("index", Self.index), ("config", Self.config)] {
            #expect(refusal(document.canonicalBytes, kind) == nil)
            var refused = 0
            for wrong: JSONValue in [
                .null, 7, -1, .number(1e300), "", "x", true, .array([]), .array([.null]), .object([:] as KeyValuePairs),
            ] {
                for changed in variants(of: document, with: wrong) {
                    let reason = refusal(changed.canonicalBytes, kind)
                    if let reason {
                        refused += 1
                        #expect(reason.hasPrefix("image \(kind): "), "\(reason)")
                    }
                }
            }
            #expect(refused > 50, "\(kind)")
        }
    }

    private func variants(of value: JSONValue, with wrong: JSONValue) -> [JSONValue] {
        switch value {
        case .object(let members):
            [wrong]
                + members.sorted { $0.key < $1.key }.flatMap { key, member in
                    variants(of: member, with: wrong).map { new in
                        var changed = members
                        changed[key] = new
                        return .object(changed)
                    }
                }
        case .array(let items):
            [wrong]
                + items.indices.flatMap { index in
                    variants(of: items[index], with: wrong).map { new in
                        var changed = items
                        changed[index] = new
                        return .array(changed)
                    }
                }
        default: [wrong]
        }
    }

    @Test(.timeLimit(.minutes(1))) func `row 17: too much of anything is refused at once`() {
        let huge = [UInt8](repeating: UInt8(ascii: " "), count: 50 << 20)
        let layers = #"{"schemaVersion":2,"layers":["# + String(repeating: "{},", count: 100_000) + "{}]}"
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)
        let twice = #"{"schemaVersion":2,"schemaVersion":2}"#
        for kind in ["manifest", "index", "config"] {
            #expect(refusal(huge, kind) == "the document has 52428800 bytes, more than the limit of 4194304")
            #expect(refusal(Array(layers.utf8), kind) != nil)
            #expect(refusal(deep, kind)?.contains("nested deeper than 200") == true)
            #expect(refusal(Array(twice.utf8), kind)?.contains("the key 'schemaVersion' is there twice") == true)
        }
    }

    @Test(arguments: [
        "sha256:../../../etc/passwd", "sha256:", "sha256", "", "SHA256:" + String(repeating: "a", count: 64),
        "sha256:" + String(repeating: "A", count: 64), "sha256:" + String(repeating: "a", count: 63),
        "sha256:" + String(repeating: "a", count: 65), "sha256:" + String(repeating: "a", count: 64) + "\0",
        "sha256:" + String(repeating: "a", count: 64) + "\n", "sha512:" + String(repeating: "a", count: 128),
        "md5:" + String(repeating: "a", count: 32), "../" + digest, "sha256:" + String(repeating: "a/", count: 32),
    ]) func `row 18: a digest is sha256 and 64 digits, before anything is done with it`(text: String) {
        #expect(Digest(text) == nil)
        var changed = Self.descriptor.objectValue ?? [:]
        changed["digest"] = .string(text)
        let index: JSONValue = .object(["schemaVersion": 2, "manifests": .array([.object(changed)])])
        let reason = refusal(index.canonicalBytes, "index")
        #expect(reason?.hasPrefix("image index: 'manifests[0].digest' is '") == true)
        #expect((reason?.utf8.count ?? 0) < 400)
    }

    @Test(.timeLimit(.minutes(1))) func `row 18: a digest of a megabyte is shortened in the message`() {
        let text = "sha256:" + String(repeating: "a", count: 1 << 20)
        let index = #"{"schemaVersion":2,"manifests":[{"mediaType":"a/b","size":1,"digest":"\#(text)"}]}"#
        #expect(Digest(text) == nil)
        #expect((refusal(Array(index.utf8), "index")?.utf8.count ?? .max) < 400)
    }
}
