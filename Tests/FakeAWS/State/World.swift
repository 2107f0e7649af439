import OCI

/// All that the services remember.
struct World: Sendable {
    var behaviour: Behaviour
    let accounts: [String: Account]
    /// By key id.
    var identities: [String: Identity]
    var regions: [String: Region] = [:]
    /// What was made with a client token.
    var tokens: [Token: (parameters: JSONValue, id: String)] = [:]
    /// By account.
    var profiles: [String: [InstanceProfile]]
    /// Of S3, by name.
    var buckets: [String: Bucket] = [:]
    /// Of ECR, with the second after which each is no longer good.
    var registryPasswords: [String: Int64] = [:]
    var registryEndpoint: String?
    let machines: Machines
    private var serial = 0

    struct Region: Sendable {
        var snapshots: [String: Snapshot] = [:]
        var images: [String: Image] = [:]
        var deregistered: Set<String> = []
        var launchTemplates: [String: LaunchTemplate] = [:]
        /// By account and name.
        var groups: [String: [String: AutoScalingGroup]] = [:]
        var launchConfigurations: [String: [String: LaunchConfiguration]] = [:]
        var repositories: [String: [String: Repository]] = [:]
        /// In the order in which they were made.
        var stacks: [Stack] = []
        /// By their ARNs.
        var keys: [String: Key] = [:]
        /// Of SSM, by account and name.
        var parameters: [String: [String: Parameter]] = [:]
        /// Of SSM, below `/aws/service/`.
        var publicParameters: [String: Parameter] = [:]
        var instances: [String: Instance] = [:]
        /// By account.
        var networks: [String: [Network]] = [:]
        /// Of SSM.
        var commands: [String: Command] = [:]
    }

    struct Token: Hashable, Sendable {
        var operation: String
        var account: String
        var region: String
        var text: String
    }

    init(_ accounts: [Account], _ behaviour: Behaviour, _ machines: Machines) {
        self.machines = machines
        self.behaviour = behaviour
        self.accounts = Dictionary(accounts.map { ($0.id, $0) }) { first, _ in first }
        profiles = self.accounts.mapValues { _ in [.builder] }
        identities = Dictionary(accounts.map { ($0.accessKeyID, Identity(user: $0)) }) { first, _ in first }
    }

    subscript(region: String) -> Region {
        get { regions[region] ?? Region() }
        _modify { yield &regions[region, default: Region()] }
    }

    /// `snap-` and 17 hexadecimal digits, each id once.
    mutating func newID(_ prefix: String) -> String {
        serial += 1
        let digits = String(serial, radix: 16)
        return "\(prefix)-0\(String(repeating: "0", count: 16 - digits.count))\(digits)"
    }

    mutating func newSerial() -> Int {
        serial += 1
        return serial
    }

    static let regionNames: Set<String> = [
        "af-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1",
        "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2",
        "eu-west-3", "me-south-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
    ]
}
