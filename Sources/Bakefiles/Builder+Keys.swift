import OCI
import YAML

/// `builder: { instance: ... }`: the machine of EC2 that a machine image is baked on.
package struct BuilderInstance: Sendable, Hashable {
    /// What the machine is started from: the image's base, or what stands in its place.
    package var source: SourceAMI
    /// The name of an instance profile.
    package var profile: String
    package var bucket: String
    /// Nil for one of the default network's.
    package var subnet: String?
    package var securityGroups: [String]
    /// Instance types, the best one first.
    package var types: [String]
    /// Spot machines are tried first.
    package var isSpot: Bool
    /// The machine ends itself so many seconds after it was started.
    package var deadline: Int64
    /// Bytes of the root volume; nil leaves it as the AMI has it.
    package var diskSize: Int64?
}

/// `builder:` as it is written.
struct BuilderDraft: Sendable {
    var instance: InstanceDraft?

    static let shape = Keys<BuilderDraft>(
        "'builder'",
        [
            .required(
                "instance",
                InstanceDraft.shape,
                \.instance,
                "a machine of EC2, started for the bake and ended after it"
            )
        ],
        synonyms: ["ec2": "instance"]
    )
    .shape(BuilderDraft())

    /// `base` is the AMI that the image itself starts from.
    func builder(from base: SourceAMI?) -> BuilderInstance? {
        guard let instance, let source = base ?? instance.source else { return nil }
        return BuilderInstance(
            source: source,
            profile: instance.profile,
            bucket: instance.bucket,
            subnet: instance.subnet,
            securityGroups: instance.securityGroups,
            types: instance.types,
            isSpot: instance.isSpot,
            deadline: instance.deadline
        )
    }

    struct InstanceDraft: Sendable {
        var source: SourceAMI?
        var profile = ""
        var bucket = ""
        var subnet: String?
        var securityGroups: [String] = []
        var types: [String] = []
        var isSpot = false
        var deadline: Int64 = 7200

        static let shape = Keys<InstanceDraft>(
            "'instance'",
            [
                .optional(
                    "ami",
                    .sourceAMI,
                    \.source,
                    "the AMI that it is started from, in place of the image's base; needed unless that is an AMI itself"
                ),
                .required(
                    "profile",
                    .text(.instanceProfile),
                    \.profile,
                    "the instance profile by which it may speak to Systems Manager, and write to the bucket"
                ),
                .required("bucket", .text(.bucket), \.bucket, "the bucket that step bundles and output go through"),
                .optional("subnet", .text(.subnet), \.subnet, "where it stands; by default in the default network"),
                .defaulted(
                    "security-groups",
                    Shape<String>.text(.securityGroup).list(atLeast: 1).unique(),
                    \.securityGroups,
                    "its security groups; it needs no open port"
                ),
                .required(
                    "types",
                    Shape<String>.text(.instanceType).list(atLeast: 1).unique(),
                    \.types,
                    "its types, as in [t3.small, t3a.small]: the first that is to be had is taken"
                ),
                .defaulted("spot", .flag, \.isSpot, "whether spot machines are tried first; false by default"),
                .defaulted(
                    "deadline",
                    .deadline,
                    \.deadline,
                    "how long it lives at most, from '10m' to '48h'; '2h' by default"
                ),
            ],
            synonyms: [
                "from": "ami", "source": "ami", "role": "profile", "type": "types", "timeout": "deadline",
                "s3": "bucket",
            ]
        )
        .shape(InstanceDraft())
    }
}

extension Shape where Value == Int64 {
    /// Source of the upper end: AWS Systems Manager User Guide, `executionTimeout` of AWS-RunShellScript.
    fileprivate static var deadline: Shape {
        seconds.then { seconds, node, reading in
            if (600...172_800).contains(seconds) { return seconds }
            return reading.fail(
                at: node.place,
                "\(reading.subject) is out of range",
                .badDuration,
                why: "it is from '10m' to '48h'"
            )
        }
    }
}
