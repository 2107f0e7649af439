import AWS
package import Bakefiles
package import OCI

/// What has to be allowed so that a Bakefile's machine images can be registered and handed out as it says, and its registries
/// of AWS be pushed to and pulled from, and no more.
///
/// Source: Service Authorization Reference, the chapters of the services: which call works on which resources.
package struct LeastPolicy: Sendable {
    private(set) var statements: [JSONValue] = []

    package init(_ bakefile: Bakefile) {
        allowRegistering(bakefile.images, of: bakefile.project)
        allowRegistries(bakefile)
    }

    /// The Bakefile needs nothing of AWS.
    package var isEmpty: Bool { statements.isEmpty }

    private mutating func allowRegistering(_ images: [Image], of project: String) {
        let all = images.compactMap(\.registering)
        if all.isEmpty { return }
        // Looking at what there is has no resource of its own.
        let hasSnapshots = images.contains { image in
            image.registering.map { image.builder == nil || !$0.keys.isEmpty } ?? false
        }
        allow("Look", ["ec2:DescribeImages"] + (hasSnapshots ? ["ec2:DescribeSnapshots"] : []))
        let direct = regions(of: images.filter { $0.builder == nil }.compactMap(\.registering)) { settings in
            settings.copyFrom.map { [$0] } ?? settings.regions
        }
        allow(
            "FillSnapshots",
            ["ebs:CompleteSnapshot", "ebs:PutSnapshotBlock", "ebs:StartSnapshot"],
            on: direct.map { "\(arn("ec2", $0))::snapshot/*" }
        )
        // Of what the account has, nothing is read but images of ours.
        allow(
            "ReadParents",
            ["ebs:GetSnapshotBlock", "ebs:ListSnapshotBlocks"],
            on: direct.map { "\(arn("ec2", $0))::snapshot/*" },
            where: Self.tagged(MachineName.imageTag, by: "aws:ResourceTag")
        )
        allow(
            "Register",
            ["ec2:RegisterImage"],
            on: direct.flatMap { ["\(arn("ec2", $0))::image/*", "\(arn("ec2", $0))::snapshot/*"] }
        )
        allowBuilders(images, of: project)
        allow(
            "TagWhatIsMade",
            ["ec2:CreateTags"],
            on: regions(of: all, \.regions).flatMap {
                ["\(arn("ec2", $0))::image/*", "\(arn("ec2", $0))::snapshot/*"]
            }
        )
        allow(
            "Copy",
            ["ec2:CopyImage"],
            on: regions(of: all.filter { $0.copyFrom != nil }, \.regions).flatMap {
                ["\(arn("ec2", $0))::image/*", "\(arn("ec2", $0))::snapshot/*"]
            }
        )
        let shared = all.filter { !$0.share.isEmpty }
        allow(
            "Share",
            ["ec2:ModifyImageAttribute"],
            on: regions(of: shared, \.regions).map { "\(arn("ec2", $0))::image/*" }
        )
        allow(
            "ShareSnapshots",
            ["ec2:ModifySnapshotAttribute"],
            on: regions(of: shared, \.regions).map { "\(arn("ec2", $0))::snapshot/*" }
        )
        if !shared.isEmpty { allow("LookAtShares", ["ec2:DescribeImageAttribute", "ec2:DescribeSnapshotAttribute"]) }
        allow(
            "Deprecate",
            ["ec2:EnableImageDeprecation"],
            on: regions(of: all.filter { $0.deprecateAfter != nil }, \.regions).map { "\(arn("ec2", $0))::image/*" }
        )
        allowParameters(all)
        allowLaunchTemplates(all)
        allowKeys(all)
    }

    package var document: JSONValue { .object(["Statement": .array(statements), "Version": "2012-10-17"]) }

    private mutating func allowParameters(_ all: [AMISettings]) {
        let names = all.flatMap { settings in
            settings.regions.compactMap { region in
                settings.parameter.map {
                    "\(arn("ssm", region)):*:parameter/\($0.hasPrefix("/") ? String($0.dropFirst()) : $0)"
                }
            }
        }
        allow(
            "SetParameters",
            ["ssm:AddTagsToResource", "ssm:GetParameter", "ssm:PutParameter"],
            on: Array(Set(names)).sorted()
        )
    }

    private mutating func allowLaunchTemplates(_ all: [AMISettings]) {
        let users = all.filter { $0.launchTemplate != nil }
        if users.isEmpty { return }
        allow("LookAtLaunchTemplates", ["ec2:DescribeLaunchTemplateVersions"])
        let isDefault = users.contains { $0.launchTemplate?.isDefault == true }
        allow(
            "AddToLaunchTemplates",
            ["ec2:CreateLaunchTemplateVersion"] + (isDefault ? ["ec2:ModifyLaunchTemplate"] : []),
            on: regions(of: users, \.regions).map { "\(arn("ec2", $0)):*:launch-template/*" }
        )
    }

    /// A key that is named by its ARN alone, others by what they are called in the region.
    private mutating func allowKeys(_ all: [AMISettings]) {
        for use in Set(all.flatMap { $0.keys.map { KeyUse(region: $0.key, name: $0.value) } }).sorted() {
            let (region, name) = (use.region, use.name)
            let isShared = all.contains { $0.keys[region] == name && !$0.share.isEmpty }
            let actions =
                [
                    "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext",
                    "kms:ReEncryptFrom", "kms:ReEncryptTo",
                ] + (isShared ? ["kms:GetKeyPolicy", "kms:ListGrants"] : [])
            let alias = name.hasPrefix("arn:") ? name.split(separator: ":").last.map(String.init) ?? name : name
            if alias.hasPrefix("alias/") {
                allow(
                    "UseKeys",
                    actions,
                    on: ["\(arn("kms", region)):*:key/*"],
                    where: .object(["ForAnyValue:StringEquals": .object(["kms:ResourceAliases": .string(alias)])])
                )
            } else {
                allow("UseKeys", actions, on: [name.hasPrefix("arn:") ? name : "\(arn("kms", region)):*:key/\(name)"])
            }
        }
    }

    private struct KeyUse: Hashable, Comparable {
        var region: String
        var name: String

        static func < (left: KeyUse, right: KeyUse) -> Bool { (left.region, left.name) < (right.region, right.name) }
    }

    func arn(_ service: String, _ region: String) -> String {
        "arn:\(Endpoints.partition(of: region)):\(service):\(region)"
    }

    private func regions(of all: [AMISettings], _ choose: (AMISettings) -> [String]) -> [String] {
        Array(Set(all.flatMap(choose))).sorted()
    }

    /// Only what has the tag; `key` is how a service calls the tags of a resource.
    static func tagged(_ tag: String, by key: String) -> JSONValue {
        .object(["Null": .object(["\(key)/\(tag)": "false"])])
    }

    /// Nothing where there are no resources to allow it on.
    mutating func allow(
        _ name: String,
        _ actions: [String],
        on resources: [String] = ["*"],
        where condition: JSONValue? = nil
    ) {
        if resources.isEmpty { return }
        // A statement's name is given once.
        let number = statements.count { $0["Sid"]?.stringValue?.hasPrefix(name) == true }
        statements.append(
            .object([
                "Action": .strings(actions), "Condition": condition, "Effect": "Allow",
                "Resource": .strings(resources), "Sid": .string(number == 0 ? name : "\(name)\(number + 1)"),
            ])
        )
    }
}
