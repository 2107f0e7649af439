import AWS
import Bakefiles

extension InstanceBake {
    /// Looks for what is missing before anything is started, and throws all of it at once.
    ///
    /// What these credentials may not look at is said, and taken for good.
    func preflight() async throws {
        var problems = bundles.filter { $0.size > Self.largestObject }.map { bundle in
            "the bundle of '\(bundle.step)' has \(bundle.size) bytes, and 5 GiB are what one call may send"
        }
        try await checkSource(&problems)
        try await checkBucket(&problems)
        try await looking("the profile '\(builder.profile)'") { try await checkProfile(&problems) }
        if let subnet = builder.subnet {
            try await looking("the subnet '\(subnet)'") { try await checkNetwork(of: subnet, &problems) }
        }
        if !problems.isEmpty { throw InstanceBakeError.notReady(region: region, problems) }
    }

    /// Source: Amazon S3 User Guide, "Uploading objects".
    private static let largestObject: Int64 = 5 << 30

    private func looking(_ at: String, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as ServiceError where error.isDenied {
            say("\(at) cannot be checked: \(error.service.rawValue):\(error.operation) is not allowed")
        }
    }

    private func checkSource(_ problems: inout [String]) async throws {
        let otherwise = renewal.map { ": \($0)" } ?? ""
        guard let found = try await ec2.sourceImage(source) else {
            problems.append("there is no AMI '\(source)' that this account may use\(otherwise)")
            return
        }
        if found.state != .available { problems.append("the AMI '\(source)' cannot be used now\(otherwise)") }
        let architecture = MachineBootMode.architecture(of: staged.architecture)
        if found.architecture != architecture {
            problems.append(
                "the AMI '\(source)' is for \(found.architecture), and the image for \(architecture)\(otherwise)"
            )
        }
        checkVolumes(of: found, &problems)
        if found.leavesVolumes {
            problems.append("the AMI '\(source)' has a volume that would stay when its machine ends")
        }
    }

    /// Another region's bucket answers nobody here.
    private static let elsewhere: Set<String> = [
        "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
    ]

    private func checkBucket(_ problems: inout [String]) async throws {
        do {
            let nothing = "\(InstanceBakeRecord.folder(of: name.project))-"
            _ = try await S3(session, region: region, bucket: builder.bucket).objects(prefix: nothing)
        } catch let error as ServiceError where error.code == "NoSuchBucket" {
            problems.append("there is no bucket '\(builder.bucket)'")
        } catch let error as ServiceError where Self.elsewhere.contains(error.code) {
            problems.append("the bucket '\(builder.bucket)' is in another region")
        }
    }

    /// What AWS lets agents do by; whoever has policies of their own has none of them.
    private static let policies: Set<String> = [
        "AdministratorAccess", "AmazonSSMFullAccess", "AmazonSSMManagedEC2InstanceDefaultPolicy",
        "AmazonSSMManagedInstanceCore",
    ]

    private func checkProfile(_ problems: inout [String]) async throws {
        let iam = IAM(session, region: region)
        guard let roles = try await iam.roles(ofProfile: builder.profile) else {
            problems.append("there is no instance profile '\(builder.profile)'")
            return
        }
        guard let role = roles.first else {
            problems.append("the instance profile '\(builder.profile)' has no role")
            return
        }
        if Self.policies.isDisjoint(with: try await iam.policies(ofRole: role)) {
            say(
                "the role '\(role)' has not the policy 'AmazonSSMManagedInstanceCore': unless another one allows the same, "
                    + "the machine cannot be given commands"
            )
        }
    }

    /// A machine without a way out needs endpoints in its own network.
    ///
    /// Source: AWS Systems Manager User Guide, "Improve the security of EC2 instances by using VPC endpoints".
    private func checkNetwork(of subnet: String, _ problems: inout [String]) async throws {
        guard let network = try await ec2.network(ofSubnet: subnet) else {
            problems.append("there is no subnet '\(subnet)'")
            return
        }
        if try await ec2.hasWayOut(subnet: subnet, network: network) { return }
        let found = try await ec2.endpoints(ofNetwork: network)
        // Agents from before version 3.3.40 need the endpoint `ec2messages` as well, which newer regions do not have.
        for service in ["s3", "ssm", "ssmmessages"]
        where !found.contains(where: { $0.hasSuffix(".\(region).\(service)") }) {
            problems.append("'\(subnet)' has no way out, and its network '\(network)' no endpoint for '\(service)'")
        }
    }
}
