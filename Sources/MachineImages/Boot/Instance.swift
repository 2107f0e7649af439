import AWS
import OCI
package import SystemIO

/// The EC2 instance that a machine on this computer takes itself for.
package struct Instance: Sendable, Hashable {
    /// That of the image: each has an AMI of its own.
    let identity: Digest
    let region: String
    let architecture: String

    package init(of identity: Digest, region: String, architecture: String) {
        self.identity = identity
        self.region = region
        self.architecture = architecture
    }

    /// EC2's identifiers have 17 hexadecimal digits.
    private var digits: String { String(identity.hex.prefix(17)) }
    private var id: String { "i-" + digits }
    private var image: String { "ami-" + digits }
    private var type: String { architecture == "arm64" ? "t4g.micro" : "t3.micro" }
    private var zone: String { region + "a" }
    /// As EC2 names them: `use1-az1` is in `us-east-1`.
    ///
    /// Each account has its own order of them, and this one has that of the names.
    private var zoneID: String {
        let words = [("north", "n"), ("south", "s"), ("east", "e"), ("west", "w"), ("central", "c"), ("gov", "g")]
        let short = words.reduce(region) { $0.replacing($1.0, with: $1.1) }
        return short.replacing("-", with: "") + "-az1"
    }
    /// What all accounts of documentation are.
    private static let account = "123456789012"

    /// By DHCP from QEMU, whose first lease it is.
    static let address = "169.254.169.15"
    static let hardwareAddress = "06:6f:76:65:6e:01"
    private var host: String { "ip-\(Self.address.replacing(".", with: "-")).\(region).compute.internal" }

    /// `meta-data` as far as cloud-init and the SSM agent read it, by path.
    ///
    /// There are no credentials: it has no role, for `iam`, and only AWS has those of `identity-credentials`. Nor has it public
    /// addresses or IPv6.
    var values: [(path: String, value: String)] {
        let network = "network/interfaces/macs/\(Self.hardwareAddress)"
        return [
            ("ami-id", image), ("ami-launch-index", "0"), ("ami-manifest-path", "(unknown)"),
            ("block-device-mapping/ami", "/dev/xvda"), ("block-device-mapping/root", "/dev/xvda"),
            ("hostname", host), ("instance-action", "none"), ("instance-id", id), ("instance-life-cycle", "on-demand"),
            ("instance-type", type), ("local-hostname", host), ("local-ipv4", Self.address),
            ("mac", Self.hardwareAddress), ("placement/availability-zone", zone),
            ("placement/availability-zone-id", zoneID), ("placement/region", region),
            ("reservation-id", "r-\(digits)"), ("security-groups", "default"),
            ("services/domain", Endpoints.suffix(of: region)),
            ("services/partition", Endpoints.partition(of: region)), ("profile", "default-hvm"),
            ("\(network)/device-number", "0"), ("\(network)/interface-id", "eni-\(digits)"),
            ("\(network)/local-hostname", host),
            ("\(network)/local-ipv4s", Self.address), ("\(network)/mac", Self.hardwareAddress),
            ("\(network)/owner-id", Self.account), ("\(network)/security-groups", "default"),
            ("\(network)/subnet-ipv4-cidr-block", "169.254.169.0/24"),
            ("\(network)/vpc-ipv4-cidr-block", "169.254.169.0/24"),
        ]
    }

    var identityDocument: JSONValue {
        .object([
            "accountId": .string(Self.account), "architecture": .string(architecture == "arm64" ? "arm64" : "x86_64"),
            "availabilityZone": .string(zone), "imageId": .string(image), "instanceId": .string(id),
            "instanceType": .string(type), "privateIp": .string(Self.address), "region": .string(region),
            "version": .string("2017-09-30"),
        ])
    }

    /// What the firmware says the machine is, by which cloud-init knows that it is on EC2.
    ///
    /// Source: Amazon EC2 User Guide, "Identify EC2 instances".
    var firmwareTables: [String] {
        // In the form of a UUID that begins as those of EC2 do; the serial number is the same.
        let hex = "ec2" + identity.hex.prefix(29)
        let cuts = [0, 8, 12, 16, 20, 32]
        let text = Array(hex)
        let uuid = zip(cuts, cuts.dropFirst()).map { String(text[$0..<$1]) }.joined(separator: "-")
        return [
            "type=0,vendor=Amazon EC2,version=1.0",
            "type=1,manufacturer=Amazon EC2,product=\(type),serial=\(uuid),uuid=\(uuid)",
            "type=3,manufacturer=Amazon EC2,asset=\(id)",
        ]
    }
}
