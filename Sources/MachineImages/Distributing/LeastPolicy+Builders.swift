import AWS
import Bakefiles
import OCI

extension LeastPolicy {
    /// What bakes on machines of EC2 call, in the region that others copy from.
    ///
    /// Source: Service Authorization Reference, the chapters of the services.
    mutating func allowBuilders(_ images: [Image], of project: String) {
        let uses = images.compactMap { image in
            image.builder.flatMap { builder in image.registering?.copyFrom.map { Use(builder: builder, region: $0) } }
        }
        if uses.isEmpty { return }
        let regions = Array(Set(uses.map(\.region))).sorted()
        let machines = regions.map { "\(arn("ec2", $0)):*:instance/*" }
        allow(
            "LookAtMachines",
            ["ec2:DescribeInstances", "ssm:DescribeInstanceInformation", "ssm:GetCommandInvocation"]
        )
        if uses.contains(where: { $0.builder.subnet != nil }) {
            allow("LookAtNetworks", ["ec2:DescribeRouteTables", "ec2:DescribeSubnets", "ec2:DescribeVpcEndpoints"])
        }
        allow("FindSources", ["ssm:GetParameter"], on: sources(uses))
        allowProfiles(uses)
        allow(
            "StartMachines",
            ["ec2:RunInstances"],
            on: machines,
            where: .object(["ArnLike": .object(["ec2:InstanceProfile": .strings(profiles(uses))])])
        )
        let made = EC2.Launch.kinds(isSpot: uses.contains { $0.builder.isSpot })
        allow(
            "UseForMachines",
            ["ec2:RunInstances"],
            on: regions.flatMap { region in
                let others = made.filter { $0 != "instance" } + ["security-group", "subnet"]
                return ["\(arn("ec2", region))::image/*"] + others.sorted().map { "\(arn("ec2", region)):*:\($0)/*" }
            }
        )
        allow(
            "TagMachines",
            ["ec2:CreateTags"],
            on: regions.flatMap { region in made.sorted().map { "\(arn("ec2", region)):*:\($0)/*" } },
            where: .object(["StringEquals": .object(["ec2:CreateAction": "RunInstances"])])
        )
        // Where none is to be had at spot price, there are others, and those are stopped.
        allow(
            "EndMachines",
            ["ec2:StopInstances", "ec2:TerminateInstances"],
            on: machines,
            where: Self.ofBakes("aws:ResourceTag")
        )
        allow("CommandMachines", ["ssm:SendCommand"], on: machines, where: Self.ofBakes("ssm:resourceTag"))
        allow(
            "Command",
            ["ssm:SendCommand"],
            on: regions.map { "\(arn("ssm", $0))::document/AWS-RunShellScript" }
        )
        allow("ImageMachines", ["ec2:CreateImage"], on: machines, where: Self.ofBakes("aws:ResourceTag"))
        allow(
            "MakeImages",
            ["ec2:CreateImage"],
            on: regions.flatMap { ["\(arn("ec2", $0))::image/*", "\(arn("ec2", $0))::snapshot/*"] }
        )
        allowBuckets(uses, of: project)
    }

    private struct Use {
        var builder: BuilderInstance
        var region: String
    }

    /// Only machines that a bake has started.
    private static func ofBakes(_ key: String) -> JSONValue { tagged(InstanceBake.bakeTag, by: key) }

    /// The parameters of Systems Manager that machines start from; those of AWS have no account.
    private func sources(_ uses: [Use]) -> [String] {
        let all = uses.compactMap { use -> String? in
            guard case .parameter(let name) = use.builder.source else { return nil }
            let account = name.hasPrefix("/aws/") ? "" : "*"
            return
                "\(arn("ssm", use.region)):\(account):parameter/\(name.hasPrefix("/") ? String(name.dropFirst()) : name)"
        }
        return Array(Set(all)).sorted()
    }

    /// An account has one profile of a name, whatever path it is at.
    private func profiles(_ uses: [Use]) -> [String] {
        let all = uses.flatMap { use in
            ["", "*/"].map {
                "arn:\(Endpoints.partition(of: use.region)):iam::*:instance-profile/\($0)\(use.builder.profile)"
            }
        }
        return Array(Set(all)).sorted()
    }

    private mutating func allowProfiles(_ uses: [Use]) {
        let roles = Set(uses.map { "arn:\(Endpoints.partition(of: $0.region)):iam::*:role/*" }).sorted()
        allow("LookAtProfiles", ["iam:GetInstanceProfile"], on: profiles(uses))
        allow("LookAtRoles", ["iam:ListAttachedRolePolicies"], on: roles)
        // Nothing offline tells which role a profile has.
        allow(
            "PassRoles",
            ["iam:PassRole"],
            on: roles,
            where: .object(["StringLike": .object(["iam:PassedToService": "ec2.amazonaws.com*"])])
        )
    }

    private mutating func allowBuckets(_ uses: [Use], of project: String) {
        let buckets = Array(
            Set(uses.map { "arn:\(Endpoints.partition(of: $0.region)):s3:::\($0.builder.bucket)" })
        ).sorted()
        // Without it, or with a condition on prefixes, S3 says of output that is not there yet that it is denied.
        allow("ListBundles", ["s3:ListBucket"], on: buckets)
        allow(
            "MoveBundles",
            ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            on: buckets.map { "\($0)/\(InstanceBakeRecord.folder(of: project))*" }
        )
    }
}
