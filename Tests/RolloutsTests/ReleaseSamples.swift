import Bakefiles
import Rollouts
import SystemIO

/// A digest that is told from others by one digit.
func digest(_ digit: Character) -> Digest {
    guard let digest = Digest(hex: String(repeating: digit, count: 64)) else {
        preconditionFailure("a digit is needed")
    }
    return digest
}

func entry(_ image: String, _ version: String, _ identity: Digest, _ sequence: Int64) -> VersionLedger.Entry {
    VersionLedger.Entry(image: image, version: version, identity: identity, sequence: sequence)
}

/// A release with everything that one can have.
func sampleRelease() throws -> Release {
    let web = ReleasedImage(
        kind: .docker,
        version: "1.0.1",
        identity: digest("b"),
        manifest: digest("c"),
        base: ReleasedImage.Base(from: "debian bookworm (apt)", digest: digest("1"), resolved: 86_400),
        layers: [
            ReleasedImage.Layer(diffID: digest("1"), size: 10_240, step: "from"),
            ReleasedImage.Layer(diffID: digest("2"), size: 2048, step: "copy-1"),
        ],
        references: ["registry.example.com/storefront/web:1.0.1"],
        inputs: [ReleasedImage.Input(step: "copy-1", path: "site", digest: digest("5"), content: digest("6"))],
        usedImages: [ReleasedImage.UsedImage(step: "copy-2", image: "base", identity: digest("d"))],
        attestations: ReleasedImage.Attestations(sbom: digest("6"), provenance: digest("7")),
        placements: [.registry(repository: "registry.example.com/storefront/web", manifest: digest("c"))]
    )
    let base = ReleasedImage(
        kind: .ami,
        version: "7",
        identity: digest("d"),
        manifest: digest("e"),
        base: ReleasedImage.Base(from: "scratch"),
        layers: [],
        placements: [
            .machine(account: "210987654321", region: "eu-west-1", ami: "ami-0a", snapshot: "snap-0a"),
            .machine(account: "123456789012", region: "eu-west-1", ami: "ami-0b", snapshot: "snap-0b"),
        ]
    )
    return Release(
        project: "storefront",
        created: 1_700_000_000,
        parent: digest("f"),
        tool: "ovenbird 0.1.0",
        images: ["web": web, "base": base],
        sources: [Release.Source(path: "Bakefile", digest: digest("8"))],
        variables: ["suite": "bookworm"],
        secrets: ["token"],
        timestamp: 86_400,
        git: GitState(
            commit: String(repeating: "0123456789", count: 4),
            branch: "main",
            name: "v1.2-3-g012345678901",
            changes: ["notes.txt"]
        ),
        build: ContinuousIntegration(
            system: .jenkins,
            job: "shop/bake",
            number: "42",
            url: "https://ci.example.com/job/shop/42/"
        ),
        ledger: try VersionLedger([
            entry("web", "1.0.1", digest("b"), 2), entry("web", "1.0.0", digest("a"), 1),
            entry("base", "7", digest("d"), 7),
        ])
    )
}
