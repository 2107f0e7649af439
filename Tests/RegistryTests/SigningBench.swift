import FakeRegistry
import HTTPTransport
import OCI
import Registry
import SystemIO
import SystemPackage
import TestSupport

/// Keys that openssl made, and a registry with one image that is to be signed.
struct SigningBench {
    let bench: RegistryBench
    let registry: FakeRegistry
    let manifest: Digest

    init() async throws {
        bench = try RegistryBench()
        registry = try await FakeRegistry.start()
        manifest = Digester.digest(of: try registry.hold(bench))
    }

    private var folder: TemporaryFolder { bench.folder }

    /// The tag under which the signatures of the image are.
    var tag: String { "sha256-\(manifest.hex).sig" }

    /// A key pair of openssl's: its private half in PKCS#8 and its public one.
    func makeKey(_ name: String) async throws -> (signing: SigningKey, verification: VerificationKey) {
        let path = folder.file("\(name).key").string
        try await requireTool(
            "openssl",
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path]
        )
        let publicText = try await requireTool("openssl", ["pkey", "-in", path, "-pubout"])
        try folder.write(publicText, to: "\(name).pub")
        return (
            try SigningKey(pem: try text("\(name).key"), name: "\(name).key"),
            try VerificationKey(pem: publicText, name: "\(name).pub")
        )
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Files.read(folder.file(name)), as: UTF8.self)
    }

    /// What `openssl dgst -verify` says of a signature over the bytes.
    func opensslVerifies(_ payload: [UInt8], _ signature: [UInt8], by name: String) async throws -> Bool {
        try AtomicFile.write(payload, to: folder.file("judged"))
        try AtomicFile.write(signature, to: folder.file("judged.sig"))
        let result = try await runTool(
            "openssl",
            [
                "dgst", "-sha256", "-verify", folder.file("\(name).pub").string, "-signature",
                folder.file("judged.sig").string, folder.file("judged").string,
            ]
        )
        return result.status == 0 && result.text == "Verified OK\n"
    }

    /// A signature that openssl made.
    func opensslSignature(of payload: [UInt8], by name: String) async throws -> [UInt8] {
        try AtomicFile.write(payload, to: folder.file("signed"))
        try await requireTool(
            "openssl",
            [
                "dgst", "-sha256", "-sign", folder.file("\(name).key").string, "-out", folder.file("signed.sig").string,
                folder.file("signed").string,
            ]
        )
        return try Files.read(folder.file("signed.sig"))
    }

    func client<Value: Sendable>(
        forPushing: Bool = true,
        _ body: (RepositoryClient) async throws -> Value
    ) async throws -> Value {
        try await WebClient.with(trust: TrustSettings()) { client in
            let session = bench.session(client, insecure: [registry.authority])
            let reference = try Reference(parsing: "\(registry.authority)/shop/web")
            return try await body(try session.repository(reference, forPushing: forPushing))
        }
    }

    @discardableResult
    func sign(_ key: SigningKey, _ digest: Digest? = nil) async throws -> SigningOutcome {
        try await client { try await $0.sign(digest ?? manifest, with: key) }
    }

    /// The name of the key that has signed the image, or the error without port and digits.
    func verify(_ keys: VerificationKey..., of digest: Digest? = nil) async -> String {
        await plainly {
            try await client(forPushing: false) {
                try await $0.verify(anyOf: [digest ?? manifest], by: TrustedKeys(keys))
            }.key.name
        }
    }

    /// The same of the image that a tag stands for, an index or not.
    func verify(_ key: VerificationKey, tag: String) async -> String {
        await plainly {
            try await WebClient.with(trust: TrustSettings()) { client in
                let session = bench.session(client, insecure: [registry.authority])
                let pull = ImagePull(session: session, platform: Platform(architecture: "amd64"))
                let image = try await pull.resolve(try Reference(parsing: "\(registry.authority)/shop/web:\(tag)"))
                return "\(try await image.verify(by: TrustedKeys([key])).manifest)".replacing(manifest.hex, with: "HEX")
            }
        }
    }

    func signingFailure(_ key: SigningKey, _ digest: Digest? = nil) async -> String {
        await plainly { "\(try await sign(key, digest))" }
    }

    private func plainly(_ body: () async throws -> String) async -> String {
        do {
            return try await body()
        } catch {
            return "\(error)".replacing(registry.authority, with: "HOST").replacing(manifest.hex, with: "HEX")
        }
    }

    /// The layers of the list of signatures.
    func signatures() throws -> [ContentDescriptor] {
        guard let bytes = registry.manifest("shop/web", tag) else { return [] }
        return try ImageManifest(decoding: bytes).layers
    }

    /// Puts a list of signatures there, whatever is in it.
    func put(_ layers: [ContentDescriptor], type: MediaType = .imageManifest) {
        let config = Array("{}".utf8)
        registry.put(config, blobOf: "shop/web")
        let manifest = ImageManifest(
            config: ContentDescriptor(
                mediaType: .imageConfig,
                digest: Digester.digest(of: config),
                size: Int64(config.count)
            ),
            layers: layers
        )
        registry.put(manifest.json.canonicalBytes, manifestOf: "shop/web", as: [tag], type: type.description)
    }

    /// A layer with a payload, which is put there too.
    func layer(_ payload: [UInt8], _ signature: [UInt8]) -> ContentDescriptor {
        registry.put(payload, blobOf: "shop/web")
        return ContentDescriptor(
            mediaType: .simpleSigning,
            digest: Digester.digest(of: payload),
            size: Int64(payload.count),
            annotations: ["dev.cosignproject.cosign/signature": Base64.encode(signature)]
        )
    }

    func payload(of digest: Digest? = nil) -> [UInt8] {
        SimpleSigningPayload(repository: "elsewhere.example/web", manifest: digest ?? manifest).bytes
    }
}
