import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// `sign`, `verify` and `verify:` against Debian's docker-registry, with openssl and skopeo as judges.
@Suite(
    "Signatures",
    .enabled(if: hasTool("docker-registry") && hasTool("skopeo") && hasTool("openssl"))
)
struct EndToEndSigningTests {
    private func bakefile(_ host: String) -> String {
        Kitchen.site.replacing("    version: sequence", with: "    version: sequence\n    push: [\(host)/kitchen/site]")
    }

    /// Makes `keys/NAME.key` and `keys/NAME.pub` in the work folder.
    private func makeKey(_ name: String, in kitchen: Kitchen) async throws {
        try kitchen.work.write("", to: "keys/\(name).key", mode: 0o600)
        try await requireTool(
            "openssl",
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "keys/\(name).key"],
            in: kitchen.work.path
        )
        try await requireTool(
            "openssl",
            ["pkey", "-in", "keys/\(name).key", "-pubout", "-out", "keys/\(name).pub"],
            in: kitchen.work.path
        )
    }

    private func kitchen(_ host: String) async throws -> Kitchen {
        let kitchen = try await Kitchen()
        try kitchen.work.write(bakefile(host), to: "Bakefile")
        for name in ["release", "other"] { try await makeKey(name, in: kitchen) }
        try await kitchen.run("bake", "--first")
        try await kitchen.run("push", "--insecure", host)
        return kitchen
    }

    /// What the release says of the manifest in the registry.
    private func manifest(_ kitchen: Kitchen) throws -> String {
        let placed = try kitchen.release()["images"]?["site"]?["placements"]?.arrayValue?.first
        return try #require(placed?["manifest"]?.stringValue)
    }

    @Test func `sign a release, judge, verify`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await kitchen(host)
            let digest = try manifest(kitchen)
            let pinned = "\(host)/kitchen/site@\(digest)"
            let signed = try await kitchen.ovenbird(["sign", "--key", "keys/release.key", "--insecure", host])
            #expect(signed.status == 0, "\(signed.error)")
            #expect(signed.error == "warning: '\(host)' is spoken to in plain HTTP\n")
            #expect(signed.text.contains("site   \(host)/kitchen/site  "), "\(signed.text)")
            #expect(signed.text.contains("  signed\nkey sha256:"), "\(signed.text)")
            let secret = try String(decoding: Files.read(kitchen.work.file("keys/release.key")), as: UTF8.self)
            for line in secret.split(separator: "\n") where !line.hasPrefix("-----") {
                #expect(!(signed.text + signed.error).contains(line))
            }

            // The judges: the list is an image that skopeo copies, and openssl verifies the payload that is in it.
            let tag = digest.replacing("sha256:", with: "sha256-") + ".sig"
            let copy = folder.file("signatures")
            try await requireTool(
                "skopeo",
                ["copy", "-q", "--src-tls-verify=false", "docker://\(host)/kitchen/site:\(tag)", "dir:\(copy)"]
            )
            let list = try ImageManifest(decoding: try Files.read(copy.appending("manifest.json")))
            let layer = try #require(list.layers.first)
            let payload = copy.appending(layer.digest.hex)
            #expect(
                try String(decoding: Files.read(payload), as: UTF8.self)
                    == #"{"critical":{"identity":{"docker-reference":"\#(host)/kitchen/site"},"#
                    + #""image":{"docker-manifest-digest":"\#(digest)"},"#
                    + #""type":"cosign container image signature"},"optional":null}"#
            )
            try folder.write(layer.annotations["dev.cosignproject.cosign/signature"] ?? "", to: "signature.txt")
            try await requireTool(
                "openssl",
                ["base64", "-d", "-A", "-in", folder.file("signature.txt").string, "-out", "\(copy)/signature"]
            )
            let verdict = try await requireTool(
                "openssl",
                [
                    "dgst", "-sha256", "-verify", "keys/release.pub", "-signature", "\(copy)/signature",
                    payload.string,
                ],
                in: kitchen.work.path
            )
            #expect(verdict == "Verified OK\n")

            let again = try await kitchen.ovenbird(
                ["sign", "\(host)/kitchen/site:1", "--key", "keys/release.key", "--insecure", host, "--format", "json"]
            )
            let entry = try JSONValue.parse(again.output)["signed"]?.arrayValue?.first
            #expect(entry?["unchanged"]?.boolValue == true)
            #expect(entry?["manifest"]?.stringValue == digest)
            #expect(entry?["signatures"]?.stringValue == "\(host)/kitchen/site:\(tag)")

            for things in [[], ["site"], [pinned], ["\(host)/kitchen/site:1"]] {
                let verified = try await kitchen.ovenbird(
                    ["verify"] + things + ["--key", "keys/other.pub", "--key", "keys/release.pub", "--insecure", host]
                )
                #expect(verified.text == pinned + "\n", "\(verified.error)")
                #expect(verified.status == 0)
            }
            let refused = try await kitchen.ovenbird(
                ["verify", "site", "--key", "env:PUBLIC", "--insecure", host],
                environment: [
                    "PUBLIC": String(decoding: Files.read(kitchen.work.file("keys/other.pub")), as: UTF8.self)
                ]
            )
            #expect(refused.status == 3)
            #expect(refused.text == "")
            #expect(
                refused.error
                    == """
                    warning: '\(host)' is spoken to in plain HTTP
                    error: cannot verify '\(pinned)': '\(pinned)' is not signed by 'env:PUBLIC' [not-signed]
                      why: signature 1 is by none of the keys
                      fix: if it is what it should be, sign it with 'ovenbird sign \(pinned) --key KEY'

                    """
            )

            // A second key adds to the first.
            let second = try await kitchen.ovenbird(
                ["sign", "site", "--key", "env:KEY", "--insecure", host],
                environment: ["KEY": String(decoding: Files.read(kitchen.work.file("keys/other.key")), as: UTF8.self)]
            )
            #expect(second.status == 0, "\(second.error)")
            for key in ["release", "other"] {
                try await kitchen.run("verify", "site", "--key", "keys/\(key).pub", "--insecure", host)
            }
        }
    }

    @Test func `a base is refused unless a named key has signed it`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await kitchen(host)
            let digest = try manifest(kitchen)
            let keys = try ["release", "other"].map { name in
                try String(decoding: Files.read(kitchen.work.file("keys/\(name).pub")), as: UTF8.self)
            }
            let derived = """
                bakefile: 1
                project: derived
                images:
                  web:
                    kind: docker
                    from: { registry: "\(host)/kitchen/site:1", verify: [base.pub] }
                    version: sequence
                """
            let place = try kitchen.work.makeFolder("derived")
            try kitchen.work.write(derived + "\n", to: "derived/Bakefile")
            let store = folder.file("derived-store")
            let bake = { try await kitchen.ovenbird(["bake", "--first", "--insecure", host], in: place, store: store) }

            let missing = try await bake()
            #expect(missing.status == 2)
            #expect(missing.error.contains("Bakefile:6:11: error: "), "\(missing.error)")
            #expect(missing.error.contains("'base.pub'"), "\(missing.error)")

            try kitchen.work.write("no key\n", to: "derived/base.pub")
            let useless = try await bake()
            #expect(useless.status == 4)
            #expect(
                useless.error.contains("Bakefile:6:11: error: 'base.pub' has no public key in PEM form [bad-key]"),
                "\(useless.error)"
            )

            try kitchen.work.write([UInt8](repeating: 65, count: 70_000), to: "derived/base.pub")
            let large = try await kitchen.ovenbird(["check"], in: place, store: store)
            #expect(
                large.error == "Bakefile:6:11: error: 'base.pub' has more than 65536 bytes, and is no key [bad-key]\n"
            )
            try kitchen.work.write("no key\n", to: "derived/base.pub")
            let checked = try await kitchen.ovenbird(["check"], in: place, store: store)
            #expect(checked.status == 2)
            #expect(
                checked.error == """
                    Bakefile:6:11: error: 'base.pub' has no public key in PEM form [bad-key]
                      fix: name the file that 'openssl pkey -pubout' or 'cosign generate-key-pair' wrote

                    """
            )

            try kitchen.work.write(keys[0], to: "derived/base.pub")
            #expect(try await kitchen.ovenbird(["check"], in: place, store: store).status == 0)
            let unsigned = try await bake()
            #expect(unsigned.status == 4)
            for line in [
                "Bakefile:6:11: error: cannot use '\(host)/kitchen/site:1': "
                    + "'\(host)/kitchen/site@\(digest)' is not signed by 'base.pub' [not-signed]\n",
                "  why: the repository has no signature of it\n",
                "  fix: if it is what it should be, sign it with "
                    + "'ovenbird sign \(host)/kitchen/site@\(digest) --key KEY'\n",
            ] {
                #expect(unsigned.error.contains(line), "\(unsigned.error)")
            }
            let locking = try await kitchen.ovenbird(["lock", "--insecure", host], in: place, store: store)
            #expect(locking.status == 4)
            #expect(locking.error.contains("is not signed by 'base.pub' [not-signed]"), "\(locking.error)")
            #expect(!Files.exists(place.appending("Bakefile.lock")))

            try await kitchen.run("sign", "site", "--key", "keys/release.key", "--insecure", host)
            let signed = try await bake()
            #expect(signed.status == 0, "\(signed.error)")
            let base = try kitchen.release(in: place)["images"]?["web"]?["base"]
            #expect(base?["digest"]?.stringValue == digest)
            let inputs = try kitchen.release(in: place)["images"]?["web"]?["inputs"]?.arrayValue
            #expect(inputs?.contains { $0["path"]?.stringValue == "base.pub" } ?? false)
            let lock = try await kitchen.ovenbird(["lock", "--insecure", host], in: place, store: store)
            #expect(lock.status == 0, "\(lock.error)")

            // What the store has was verified with that key; with another it is asked for anew, and refused.
            try kitchen.work.write(keys[1], to: "derived/base.pub")
            let stale = try await bake()
            #expect(stale.status == 2)
            #expect(stale.error.contains("[lock-entry-stale]"), "\(stale.error)")
            try Files.removeFile(place.appending("Bakefile.lock"))
            let rotated = try await bake()
            #expect(rotated.status == 4)
            #expect(rotated.error.contains("  why: signature 1 is by none of the keys"), "\(rotated.error)")
        }
    }

    @Test func `a tampered manifest, payload and signature are refused`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await kitchen(host)
            let digest = try manifest(kitchen)
            try await kitchen.run("sign", "--key", "keys/release.key", "--insecure", host)
            let verify = {
                try await kitchen.ovenbird(["verify", "site", "--key", "keys/release.pub", "--insecure", host])
            }
            #expect(try await verify().status == 0)
            let blobs = folder.file("registry-data/docker/registry/v2/blobs/sha256")
            func path(_ digest: Digest) -> FilePath {
                blobs.appending(String(digest.hex.prefix(2))).appending(digest.hex).appending("data")
            }

            // The payload.
            let copy = folder.file("signatures")
            let tag = digest.replacing("sha256:", with: "sha256-") + ".sig"
            try await requireTool(
                "skopeo",
                ["copy", "-q", "--src-tls-verify=false", "docker://\(host)/kitchen/site:\(tag)", "dir:\(copy)"]
            )
            let list = try Files.read(copy.appending("manifest.json"))
            let payload = try #require(try ImageManifest(decoding: list).layers.first)
            let good = try Files.read(path(payload.digest))
            let bad = Array(String(decoding: good, as: UTF8.self).replacing("kitchen", with: "kitchem").utf8)
            try AtomicFile.write(bad, to: path(payload.digest))
            let first = try await verify()
            #expect(first.status == 3)
            #expect(first.error.contains("signature 1 has no readable payload: "), "\(first.error)")
            #expect(first.error.contains("has another content, with the digest '\(Digester.digest(of: bad))'"))
            try AtomicFile.write(good, to: path(payload.digest))
            #expect(try await verify().status == 0)

            // The manifest.
            let signed = try #require(Digest(digest))
            let manifest = try Files.read(path(signed))
            let text = String(decoding: manifest, as: UTF8.self)
            try AtomicFile.write(Array((text.dropLast() + " }").utf8), to: path(signed))
            let second = try await verify()
            #expect(second.status == 1)
            #expect(second.text == "")
            #expect(second.error.contains("error: cannot verify '\(host)/kitchen/site@\(digest)': "), "\(second.error)")
            let found = Digester.digest(of: Array((text.dropLast() + " }").utf8))
            #expect(second.error.contains("its content has the digest '\(found)' [registry-wrong-content]\n"))
            try AtomicFile.write(manifest, to: path(signed))

            // The signature: another list under the tag, whose layer says that somebody else's is the key's.
            try kitchen.work.write("x", to: "x")
            try await requireTool(
                "openssl",
                [
                    "dgst", "-sha256", "-sign", "keys/other.key", "-out", "forged",
                    copy.appending(payload.digest.hex).string,
                ],
                in: kitchen.work.path
            )
            let forged = try await requireTool("openssl", ["base64", "-A", "-in", "forged"], in: kitchen.work.path)
            let original = payload.annotations["dev.cosignproject.cosign/signature"] ?? "?"
            let changed = String(decoding: list, as: UTF8.self).replacing(original, with: forged)
            try AtomicFile.write(Array(changed.utf8), to: copy.appending("manifest.json"))
            try await requireTool(
                "skopeo",
                ["copy", "-q", "--dest-tls-verify=false", "dir:\(copy)", "docker://\(host)/kitchen/site:\(tag)"]
            )
            let third = try await verify()
            #expect(third.status == 3)
            #expect(third.error.contains("  why: signature 1 is by none of the keys\n"), "\(third.error)")
        }
    }

    @Test func `keys and names that cannot be used`() async throws {
        let kitchen = try await Kitchen()
        try await makeKey("release", in: kitchen)
        try await expect(
            ["sign", "a.example/b", "--key", "nowhere"],
            """
            error: the key cannot be read: cannot open 'nowhere': No such file or directory [bad-key]
              fix: name a file, or a variable as 'env:NAME'

            """,
            in: kitchen
        )
        try await expect(
            ["sign", "a.example/b", "--key", "env:KEY"],
            """
            error: the environment has no variable 'KEY', which should hold a key [bad-key]
              fix: set it to the PEM text of the key, or name a file

            """,
            in: kitchen
        )
        try kitchen.work.write([UInt8](repeating: 65, count: 70_000), to: "large")
        try await expect(
            ["verify", "a.example/b", "--key", "large", "--key", "keys/release.key"],
            """
            error: 'large' has more than 65536 bytes, and is no key [bad-key]
            error: 'keys/release.key' has no public key in PEM form [bad-key]
              why: it has a private key, which does not belong where signatures are verified
              fix: write its public half with 'openssl pkey -in keys/release.key -pubout -out KEY'
            2 errors

            """,
            in: kitchen
        )
        try await expect(
            ["sign", "--key", "keys/release.key"],
            """
            error: there is no release of 'kitchen' [release-not-found]
              fix: run 'ovenbird bake' and 'ovenbird push', name one with '--release', or name a reference

            """,
            in: kitchen
        )
        try await kitchen.run("bake", "--first")
        try await expect(
            ["sign", "--key", "keys/release.key"],
            """
            error: no image of the release is in a registry [not-pushed]
              fix: run 'ovenbird push' first

            """,
            in: kitchen
        )
        try await expect(
            ["sign", "site", "sitr", "h.example/A", "--key", "keys/release.key"],
            """
            error: 'h.example/A' is not an image reference: its component 'A' has an upper-case letter [bad-reference]
            error: 'sitr' is not in the release [image-not-found]
              why: its images are 'site'
              fix: write 'site'
            error: image 'site' is in no registry [not-pushed]
              fix: run 'ovenbird push' first
            3 errors

            """,
            in: kitchen
        )
        try kitchen.work.write(try Files.read(kitchen.work.file("keys/release.key")), to: "open.key", mode: 0o644)
        let gone = try await kitchen.ovenbird(["sign", "127.0.0.1:1/a/b:1", "--key", "open.key"])
        #expect(gone.status == 1)
        #expect(
            gone.error.hasPrefix(
                """
                warning: others than its owner may read or replace the key 'open.key': its mode is 0644 [bad-key]
                  fix: 'chmod 600 open.key'
                error: cannot sign '127.0.0.1:1/a/b:1': GET https://127.0.0.1:1/v2/a/b/manifests/1: \
                nobody listens there [registry-unreachable]
                """
            ),
            "\(gone.error)"
        )
        let none = try await kitchen.ovenbird(["verify", "a.example/b"])
        #expect(none.status == 2)
        #expect(none.error.contains("'--key' needs to name at least one public key"), "\(none.error)")
    }

    private func expect(_ arguments: [String], _ error: String, in kitchen: Kitchen) async throws {
        let result = try await kitchen.ovenbird(arguments)
        #expect(result.status == 2)
        #expect(result.text == "")
        #expect(result.error == error)
    }
}
