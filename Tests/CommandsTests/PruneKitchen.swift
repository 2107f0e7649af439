import AWS
import FakeAWS
import HTTPTransport
import MachineImages
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// A project with AMIs of the image `base`, and an AWS of its own.
struct PruneKitchen {
    let kitchen: Kitchen
    let aws: FakeAWS

    init(regions: [String] = ["eu-west-1"], _ behaviour: Behaviour = Behaviour()) async throws {
        aws = try await FakeAWS.start(behaviour)
        kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            images:
              base:
                kind: ami
                from: scratch
                disk: { size: 256MiB }
                ami: { regions: [\(regions.joined(separator: ", "))] }
            """
        )
    }

    struct Made {
        let ami: String
        let snapshot: String
    }

    /// Registers AMIs as `register` does, with empty disks; each is a day older than the one after it.
    @discardableResult
    func make(_ versions: String..., region: String = "eu-west-1", image: String = "base") async throws -> [Made] {
        try await withSession { session in
            var made: [Made] = []
            for version in versions {
                let name = name(version, image)
                let snapshot = try await start(version, region: region, image: image, session)
                try await EBS(session, region: region).complete(snapshot, digests: [])
                let ami = try await EC2(session, region: region).register(
                    EC2.Registration(
                        name: name.text,
                        description: "made by a test",
                        architecture: "x86_64",
                        bootMode: .uefi,
                        snapshot: snapshot,
                        volumeSize: 1,
                        tags: name.tags
                    )
                )
                made.append(Made(ami: ami, snapshot: snapshot))
            }
            for (age, one) in made.reversed().enumerated() {
                for id in [one.ami, one.snapshot] { aws.makeOlder(id, seconds: Int64(age + 10) * 86_400 + 60) }
            }
            return made
        }
    }

    /// A snapshot that is begun.
    func start(_ version: String, region: String = "eu-west-1", image: String = "base") async throws -> String {
        try await withSession { try await start(version, region: region, image: image, $0) }
    }

    /// A snapshot that is complete, and belongs to no AMI.
    func complete(_ version: String, image: String = "base") async throws -> String {
        try await withSession { session in
            let snapshot = try await start(version, region: "eu-west-1", image: image, session)
            try await EBS(session, region: "eu-west-1").complete(snapshot, digests: [])
            return snapshot
        }
    }

    private func start(
        _ version: String,
        region: String,
        image: String,
        _ session: AWSSession
    ) async throws -> String {
        try await EBS(session, region: region).start(
            EBS.NewSnapshot(
                volumeSize: 1,
                parent: nil,
                key: nil,
                description: "made by a test",
                tags: name(version, image).tags,
                token: "\(image)-\(version)"
            )
        ).id
    }

    private func name(_ version: String, _ image: String) -> MachineName {
        MachineName(project: "kitchen", image: image, version: version, identity: Digester.digest(of: image + version))
    }

    func withSession<Value>(_ body: (AWSSession) async throws -> Value) async throws -> Value {
        let environment = aws.environment()
        return try await WebClient.with(trust: .standard(environment)) { client in
            try await body(AWSSession(environment: environment, profile: nil, carrier: client))
        }
    }

    // MARK: Runs

    /// Runs a command; what it says has no secret in it.
    func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> ToolResult {
        try await run(arguments, environment: environment)
    }

    func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> ToolResult {
        let result = try await kitchen.ovenbird(
            arguments,
            environment: aws.environment().merging(environment) { _, new in new }
        )
        let secret = aws.accounts[0].secretAccessKey
        #expect(!result.text.contains(secret) && !result.error.contains(secret))
        return result
    }

    /// Prunes with no more than users and `--keep` between; old ones and those of releases too.
    func prune(_ arguments: String...) async throws -> ToolResult {
        try await run(["ami", "prune", "--releases", "0"] + arguments)
    }

    /// The AMIs that go, or would go, and the reasons of the others, by AMI.
    func verdicts(_ arguments: String...) async throws -> [String: [String]] {
        let result = try await run(["ami", "prune", "--releases", "0", "--format", "json"] + arguments)
        let entries = try JSONValue.parse(result.output)["amis"]?.arrayValue ?? []
        return Dictionary(
            uniqueKeysWithValues: entries.map { entry in
                (
                    entry["ami"]?.stringValue ?? "",
                    entry["reasons"]?.arrayValue?.compactMap(\.stringValue) ?? ["no reasons"]
                )
            }
        )
    }

    /// All there is in the account.
    func state(_ region: String = "eu-west-1") -> [String] {
        aws.images(region).map { "\($0.id) \($0.name)" } + aws.snapshots(region).map { "\($0.id) \($0.state)" }
    }

    /// Files of the store about what is being pruned.
    func begun(_ region: String = "eu-west-1") throws -> [String] {
        let folder = kitchen.store.appending("ovenbird/registrations/\(aws.accounts[0].id)/\(region)")
        guard Files.exists(folder) else { return [] }
        return try Files.names(in: folder).map(\.string).filter { $0.hasSuffix(".pruning") }
    }
}

extension ToolResult {
    /// What was said on standard error, but for the lines that something goes on, which come on a slow machine alone.
    var said: String {
        error.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            !(line.first?.isNumber == true && line.contains("Z still "))
        }.joined(separator: "\n")
    }
}
