import HTTPTransport
import OCI

/// The security token service, as far as it is called here.
///
/// Source: AWS Security Token Service API Reference, version 2011-06-15.
package struct STS: Sendable {
    private let session: AWSSession
    private let region: String

    package init(_ session: AWSSession, region: String) {
        self.session = session
        self.region = region
    }

    /// Who the credentials are of.
    package struct Caller: Sendable, Hashable {
        package var account: String
        package var arn: String
    }

    static let version = "2011-06-15"

    package func callerIdentity() async throws -> Caller {
        let form = QueryForm("GetCallerIdentity", version: Self.version)
        let call = ServiceCall(.sts, "GetCallerIdentity", headers: QueryForm.headers, body: form.bytes)
        let answer: Answer = try await session.xml(call, in: region)
        return Caller(account: answer.result.account, arn: answer.result.arn)
    }

    private struct Answer: Decodable {
        var result: Result

        enum CodingKeys: String, CodingKey { case result = "GetCallerIdentityResult" }
    }

    private struct Result: Decodable {
        var account: String
        var arn: String

        enum CodingKeys: String, CodingKey {
            case account = "Account"
            case arn = "Arn"
        }
    }

    // MARK: Roles

    /// Credentials of a role, for as long as the service lends them.
    func assume(_ role: RoleToAssume) async throws -> Credentials {
        var form = form("AssumeRole", role)
        form.add("ExternalId", role.externalID)
        let call = ServiceCall(.sts, "AssumeRole", headers: QueryForm.headers, body: form.bytes)
        let answer: RoleAnswer = try await session.xml(call, in: region)
        return try credentials(answer.plain, of: role)
    }

    /// The same for whoever has a token of an identity provider instead of credentials.
    func assume(_ role: RoleToAssume, token: String) async throws -> Credentials {
        var form = form("AssumeRoleWithWebIdentity", role)
        form.add("WebIdentityToken", token)
        let call = ServiceCall(
            .sts,
            "AssumeRoleWithWebIdentity",
            headers: QueryForm.headers,
            body: form.bytes,
            mayBeUnknownYet: ["IDPCommunicationError"],
            isSigned: false
        )
        let answer: RoleAnswer = try await session.xml(call, in: region)
        return try credentials(answer.web, of: role)
    }

    private func form(_ action: String, _ role: RoleToAssume) -> QueryForm {
        var form = QueryForm(action, version: Self.version)
        form.add("RoleArn", role.arn)
        form.add("RoleSessionName", role.sessionName)
        form.add("DurationSeconds", role.durationSeconds)
        return form
    }

    private func credentials(_ result: RoleResult?, of role: RoleToAssume) throws -> Credentials {
        guard let lent = result?.credentials, let end = Timestamp.seconds(lent.expiration) else {
            throw CredentialError("the security token service lends no credentials of '\(role.arn)'")
        }
        session.redactor.learn(lent.secretAccessKey)
        session.redactor.learn(lent.sessionToken)
        return Credentials(
            accessKeyID: lent.accessKeyID,
            secretAccessKey: lent.secretAccessKey,
            sessionToken: lent.sessionToken,
            expiration: end,
            source: "the role '\(role.arn)'"
        )
    }

    private struct RoleAnswer: Decodable {
        var plain: RoleResult?
        var web: RoleResult?

        enum CodingKeys: String, CodingKey {
            case plain = "AssumeRoleResult"
            case web = "AssumeRoleWithWebIdentityResult"
        }
    }

    private struct RoleResult: Decodable {
        var credentials: Lent

        enum CodingKeys: String, CodingKey { case credentials = "Credentials" }
    }

    private struct Lent: Decodable {
        var accessKeyID: String
        var secretAccessKey: String
        var sessionToken: String
        var expiration: String

        enum CodingKeys: String, CodingKey {
            case accessKeyID = "AccessKeyId"
            case secretAccessKey = "SecretAccessKey"
            case sessionToken = "SessionToken"
            case expiration = "Expiration"
        }
    }
}
