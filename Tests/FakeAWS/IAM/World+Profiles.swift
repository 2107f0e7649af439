import FakeRegistry
import OCI

extension World {
    func profile(_ name: String, of account: String) -> InstanceProfile? {
        profiles[account]?.first { $0.name == name }
    }

    func getInstanceProfile(_ call: Invocation) throws(Failure) -> Outcome {
        let name = call.text("InstanceProfileName") ?? ""
        guard let profile = profile(name, of: call.account) else { throw Self.noEntity("Instance Profile \(name)") }
        let roles = profile.role.map { [Self.xml(role: $0, call)] } ?? []
        let elements = [
            XML("Path", "/"),
            XML("InstanceProfileName", name),
            XML("InstanceProfileId", "AIPA0000\(call.account)"),
            XML("Arn", profile.arn(call.account)),
            XML("CreateDate", "2024-01-01T00:00:00Z"),
            XML.members("Roles", roles),
        ]
        return .xml([XML("InstanceProfile", elements)])
    }

    func getRole(_ call: Invocation) throws(Failure) -> Outcome {
        let name = call.text("RoleName") ?? ""
        _ = try policies(ofRole: name, call)
        return .xml([XML("Role", Self.xml(role: name, call))])
    }

    func listAttachedRolePolicies(_ call: Invocation) throws(Failure) -> Outcome {
        let all = try policies(ofRole: call.text("RoleName") ?? "", call)
        guard let start = call.text("Marker").map({ Int($0) }) ?? 0, start <= all.count else {
            throw Failure(400, "ValidationError", "Invalid Marker.")
        }
        let page = all[start...].prefix(call.number("MaxItems") ?? 100)
        let policies = page.map { arn in
            [XML("PolicyName", arn.split(separator: "/").last.map(String.init) ?? arn), XML("PolicyArn", arn)]
        }
        let hasMore = page.endIndex < all.endIndex
        let more = hasMore ? [XML("Marker", page.endIndex)] : []
        return .xml([XML.members("AttachedPolicies", policies), XML("IsTruncated", hasMore)] + more)
    }

    private func policies(ofRole name: String, _ call: Invocation) throws(Failure) -> [String] {
        guard let profile = profiles[call.account]?.first(where: { $0.role == name }) else {
            throw Self.noEntity("The role with name \(name)")
        }
        return profile.policies
    }

    private static func noEntity(_ what: String) -> Failure {
        Failure(404, "NoSuchEntity", "\(what) cannot be found.")
    }

    /// What a role that instances use lets do is of no account here: only that they may use it.
    private static func xml(role: String, _ call: Invocation) -> [XML] {
        let trust = JSONValue.object([
            "Version": "2012-10-17",
            "Statement": .array([
                .object([
                    "Effect": "Allow", "Principal": .strings(["Service": "ec2.amazonaws.com"]),
                    "Action": "sts:AssumeRole",
                ])
            ]),
        ])
        return [
            XML("Path", "/"),
            XML("RoleName", role),
            XML("RoleId", "AROA0000\(call.account)"),
            XML("Arn", "arn:aws:iam::\(call.account):role/\(role)"),
            XML("CreateDate", "2024-01-01T00:00:00Z"),
            XML("AssumeRolePolicyDocument", URLText.encoded(trust.canonicalText)),
        ]
    }
}
