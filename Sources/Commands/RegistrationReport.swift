import AWS
import MachineImages
import OCI

/// What `register` would do, for whoever asks before.
struct RegistrationReport: Sendable {
    var account = ""
    private(set) var entries: [(image: String, version: String, preview: RegistrationPreview)] = []
    private(set) var failures: [RegisterRecipe.Failure] = []

    init(account: String = "") { self.account = account }

    mutating func add(_ image: String, _ version: String, _ previews: [String: Result<RegistrationPreview, any Error>])
    {
        for (region, result) in previews.sorted(by: { $0.key < $1.key }) {
            switch result {
            case .success(let preview): entries.append((image, version, preview))
            case .failure(let error):
                failures.append(.init(image: image, failure: RegionFailure(region: region, error: error)))
            }
        }
    }

    var lines: [String] {
        entries.flatMap { image, version, preview in
            let name = "\(image) \(version) in \(preview.region)"
            let calls = preview.calls.map { $0.count == 1 ? $0.operation : "\($0.count) x \($0.operation)" }
            let called = calls.isEmpty ? [] : ["  calls: \(calls.joined(separator: ", "))"]
            if let ami = preview.ami {
                return ["\(name): is \(ami)\(calls.isEmpty ? ", and nothing is to be done" : "")"] + called
            }
            if let source = preview.copiedFrom { return ["\(name): would be copied from \(source)"] + called }
            let permissions = preview.permissions.sorted { $0.key < $1.key }.map { "  \($0.key): \(words($0.value))" }
            if let other = preview.machine?.other {
                let words =
                    "bakes it already, for somebody with another store: it would be waited for, and its AMI shared"
                return ["\(name): \(other) \(words)"] + called
            }
            if let machine = preview.machine {
                let going = machine.instance.map { "goes on with \($0)" }
                let start = "would be baked on \(machine.types.joined(separator: ", or "))"
                return [
                    "\(name): \(going ?? start), started from \(machine.source)",
                    "  price: that of the machine for at most \(machine.seconds / 60) min, and of its disk and the bucket by use",
                ] + called + permissions
            }
            let parent = preview.parent.map { " over \($0)" } ?? ", since no snapshot is known that has any of them"
            let most = preview.readBlocks == nil ? "" : "at most "
            let size = "\(most)\(preview.blocks) blocks of 512 KiB, \((preview.blocks + 1) / 2) MiB"
            let reading = preview.readBlocks.map { count in
                "  parent: its \(count) blocks are read to find those that need not be sent, since this store does not know them"
            }
            let known = preview.parent.map { _ in "  parent: this store knows what is in it" }
            return [
                "\(name): would be sent as \(size)\(parent)",
                "  price: \(most.isEmpty ? "about" : "at most") \(dollars(preview.price)) for the blocks",
            ]
                + [reading ?? known].compactMap { $0 } + called + permissions
        }
    }

    var document: JSONValue {
        .object([
            "account": .string(account),
            "registrations": .array(
                entries.map { image, version, preview in
                    .object([
                        "ami": preview.ami.map(JSONValue.string), "blocks": .integer(Int64(preview.blocks)),
                        "bytes": .integer(Int64(preview.blocks) << 19),
                        "calls": .array(
                            preview.calls.map {
                                .object(["count": .integer(Int64($0.count)), "operation": .string($0.operation)])
                            }
                        ),
                        "copiedFrom": preview.copiedFrom.map(JSONValue.string),
                        "dollars": .string(dollars(preview.price)),
                        "image": .string(image),
                        "machine": preview.machine.map { machine in
                            .object([
                                "deadline": .integer(machine.seconds),
                                "instance": machine.instance.map(JSONValue.string),
                                "other": machine.other.map(JSONValue.string),
                                "source": .string(machine.source), "types": .strings(machine.types),
                            ])
                        },
                        "parent": preview.parent.map(JSONValue.string),
                        "parentBlocksRead": preview.readBlocks.map { .integer(Int64($0)) },
                        "permissions": .strings(preview.permissions.mapValues { words($0) }),
                        "region": .string(preview.region), "version": .string(version),
                    ])
                }
            ),
        ])
    }

    private func words(_ permission: EC2.Permission) -> String {
        switch permission {
        case .allowed: "allowed"
        case .denied: "denied"
        case .unknown(let words): "not known, since \(words)"
        }
    }

    /// With four digits behind the point: `$0.0121`.
    private func dollars(_ amount: Double) -> String {
        let parts = Int((amount * 10_000).rounded(.up))
        let digits = String(parts % 10_000)
        return "$\(parts / 10_000).\(String(repeating: "0", count: 4 - digits.count))\(digits)"
    }
}

extension Console {
    static func write(_ report: RegistrationReport, _ format: OutputFormat) throws {
        switch format {
        case .json: try write(report.document)
        case .text: try write(report.lines)
        }
    }
}
