import FakeAWS
import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// A machine image with a file in the place of a kernel, and an AWS of its own.
struct RegisterKitchen {
    let kitchen: Kitchen
    private(set) var aws: FakeAWS
    /// Of all runs by the clock of the fake.
    let time = PassedTime()

    init(
        regions: [String] = ["eu-west-1"],
        share: [String] = [],
        also settings: String = "",
        _ behaviour: Behaviour = Behaviour(),
        accounts: [Account] = [.first]
    ) async throws {
        aws = try await FakeAWS.start(accounts: accounts, behaviour)
        kitchen = try await Kitchen(copying: try await Self.baked.value)
        let share = share.map { "\"\($0)\"" }.joined(separator: ", ")
        let also = settings.isEmpty ? "" : ", \(settings)"
        try rewrite(
            "regions: [eu-west-1], share: []",
            "regions: [\(regions.joined(separator: ", "))], share: [\(share)]\(also)"
        )
        try rewrite("region: eu-west-1,", "region: \(regions[0]),")
    }

    /// Where it is registered and what for changes nothing of an image: it is baked once for all tests.
    private static let baked = Task {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            images:
              machine:
                kind: ami
                from: scratch
                version: sequence
                steps:
                  - file: { path: /boot/vmlinuz-6.1.0-1-amd64, content: "no kernel" }
                  - file: { path: /etc/hostname, content: "machine\\n" }
                disk: { size: 256MiB }
                ami: { regions: [eu-west-1], share: [] }
            stacks:
              shop:
                template: shop.yaml
                bind: { BaseAmi: "${images.machine.ami}" }
                environments:
                  dev: { region: eu-west-1, parameters: dev.json }
            """
        )
        try kitchen.work.write("Parameters:\n  BaseAmi: { Type: String }\nResources: {}\n", to: "shop.yaml")
        try kitchen.work.write("[{\"ParameterKey\": \"BaseAmi\", \"ParameterValue\": \"-\"}]\n", to: "dev.json")
        try await kitchen.run("bake", "--first")
        kitchen.keepUntilExit()
        return kitchen
    }

    /// An account that has nothing yet, and a store that remembers nothing of one.
    mutating func startAnew(_ prepare: (FakeAWS) throws -> Void = { _ in }) async throws {
        aws = try await FakeAWS.start()
        try prepare(aws)
        try await forget()
    }

    /// As a store that was pruned, or that of another machine: nothing is known of what is in snapshots.
    func forget() async throws {
        try await requireTool("rm", ["-rf", kitchen.store.appending("ovenbird/registrations").string])
    }

    func register(_ arguments: String..., environment: [String: String] = [:]) async throws -> ToolResult {
        try await kitchen.ovenbird(
            ["register"] + arguments,
            environment: aws.environment().merging(environment) { _, new in new }
        )
    }

    /// Registers, which has to succeed; what became of the image in each region.
    @discardableResult
    func registered(_ arguments: String...) async throws -> [String: JSONValue] {
        let result = try await kitchen.ovenbird(
            ["register", "--format", "json"] + arguments,
            environment: aws.environment()
        )
        try #require(result.status == 0, "\(result.error)")
        let entries = try JSONValue.parse(result.output)["registered"]?.arrayValue ?? []
        return Dictionary(uniqueKeysWithValues: entries.map { ($0["region"]?.stringValue ?? "", $0) })
    }

    /// Registers in a process that gets a signal as soon as a call is there, which is not answered; how it ended.
    func killed(at held: HeldCall, by signal: Int32 = SIGKILL) async throws -> ToolResult {
        try await kitchen.killed(["register"], at: held, by: signal, environment: aws.environment())
    }

    /// The digests of the blocks in use on the disk of the image as it is now, and of the same places of a snapshot.
    func blocks(of snapshot: String) throws -> (ours: [String], theirs: [String]) {
        let map = try JSONValue.parse(try Files.read(kitchen.work.file("map.json")))["blocks"]?.arrayValue ?? []
        let copy = kitchen.work.file("\(snapshot).raw")
        try aws.write(snapshot: snapshot, to: copy)
        func digests(_ disk: FilePath) throws -> [String] {
            let file = try Descriptor.openForReading(disk)
            return try map.map { block in
                let index = try #require(block["index"]?.integerValue)
                var bytes = [UInt8](repeating: 0, count: 512 << 10)
                _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: index << 19) }
                return Digester.digest(of: bytes).hex
            }
        }
        let ours = try digests(kitchen.work.file("disk.raw"))
        #expect(ours == map.compactMap { $0["sha256"]?.stringValue })
        return (ours, try digests(copy))
    }

    /// Writes the disk of the image as it is now, and what is in use on it.
    func export() async throws {
        try await kitchen.run(
            "export",
            "machine",
            "--format",
            "raw",
            "--to",
            "disk.raw",
            "--block-map",
            "map.json",
            "--force"
        )
    }

    /// Changes the Bakefile.
    func rewrite(_ old: String, _ new: String) throws { try kitchen.rewrite(old, new) }

    /// A further layer with a file of random bytes, so that nothing of it is zeros.
    func add(_ name: String, bytes: Int) async throws {
        let content = (0..<bytes).map { _ in UInt8.random(in: .min ... .max) }
        try kitchen.work.write(content, to: name)
        try rewrite("    disk:", "      - copy: { from: \(name), to: /\(name) }\n    disk:")
        try await kitchen.run("bake")
    }
}
