/// Identity and access management, as far as it is called here.
///
/// Source: IAM API Reference, version 2010-05-08.
package struct IAM: Sendable {
    let session: AWSSession
    /// Of the partition that is asked: IAM has no regions.
    package let region: String

    package init(_ session: AWSSession, region: String) {
        self.session = session
        self.region = region
    }

    private static let version = "2010-05-08"

    /// The names of the roles that an instance profile gives, which are one or none; nil where there is no such profile.
    package func roles(ofProfile name: String) async throws -> [String]? {
        var form = QueryForm("GetInstanceProfile", version: Self.version)
        form.add("InstanceProfileName", name)
        do {
            let answer: ProfileAnswer = try await session.xml(call("GetInstanceProfile", form), in: region)
            return (answer.result.profile.roles?.items ?? []).map(\.name)
        } catch let error as ServiceError where error.code == "NoSuchEntity" {
            return nil
        }
    }

    /// The names of the managed policies that a role has; what it has of its own is not among them.
    package func policies(ofRole name: String) async throws -> [String] {
        try await session.list(PolicyPage.self, in: region) { marker in
            var form = QueryForm("ListAttachedRolePolicies", version: Self.version)
            form.add("RoleName", name)
            form.add("Marker", marker)
            return call("ListAttachedRolePolicies", form)
        }.map(\.name)
    }

    private func call(_ operation: String, _ form: QueryForm) -> ServiceCall {
        ServiceCall(.iam, operation, headers: QueryForm.headers, body: form.bytes)
    }

    private struct ProfileAnswer: Decodable {
        var result: ProfileResult

        enum CodingKeys: String, CodingKey { case result = "GetInstanceProfileResult" }
    }

    private struct ProfileResult: Decodable {
        var profile: Profile

        enum CodingKeys: String, CodingKey { case profile = "InstanceProfile" }
    }

    private struct Profile: Decodable {
        var roles: Members<Role>?

        enum CodingKeys: String, CodingKey { case roles = "Roles" }
    }

    private struct Role: Decodable {
        var name: String

        enum CodingKeys: String, CodingKey { case name = "RoleName" }
    }

    private struct PolicyPage: ListPage {
        var result: PolicyResult
        var items: [Policy] { result.policies?.items ?? [] }
        var next: String? { result.isTruncated == true ? result.marker : nil }

        enum CodingKeys: String, CodingKey { case result = "ListAttachedRolePoliciesResult" }
    }

    private struct PolicyResult: Decodable {
        var policies: Members<Policy>?
        var isTruncated: Bool?
        var marker: String?

        enum CodingKeys: String, CodingKey {
            case policies = "AttachedPolicies"
            case isTruncated = "IsTruncated"
            case marker = "Marker"
        }
    }

    private struct Policy: Decodable {
        var name: String

        enum CodingKeys: String, CodingKey { case name = "PolicyName" }
    }
}
