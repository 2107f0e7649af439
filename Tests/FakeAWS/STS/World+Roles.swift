import OCI

extension World {
    mutating func assumeRole(_ call: Invocation) throws(Failure) -> Outcome {
        let arn = call.text("RoleArn") ?? ""
        let denied = Failure(
            403,
            "AccessDenied",
            "User: \(call.arn) is not authorized to perform: sts:AssumeRole on resource: \(arn)"
        )
        guard let (role, account) = role(arn) else { throw denied }
        if let demanded = role.externalID, call.text("ExternalId") != demanded { throw denied }
        let seconds = Int64(call.number("DurationSeconds") ?? 3600)
        if call.isRole, seconds > 3600 {
            throw Failure(
                400,
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            )
        }
        return .xml(try newSession(role, account, seconds, call))
    }

    /// A token is believed when it is a word of the fake's, or stands for an end: `expired`, `invalid`.
    mutating func assumeRoleWithWebIdentity(_ call: Invocation) throws(Failure) -> Outcome {
        switch call.text("WebIdentityToken") {
        case "expired": throw Failure(400, "ExpiredTokenException", "Token expired")
        case "invalid": throw Failure(400, "InvalidIdentityToken", "The token could not be validated")
        default: break
        }
        guard let (role, account) = role(call.text("RoleArn") ?? "") else {
            throw Failure(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
        }
        let session = try newSession(role, account, Int64(call.number("DurationSeconds") ?? 3600), call)
        return .xml(session + [XML("SubjectFromWebIdentityToken", "subject"), XML("Provider", "fake")])
    }

    private func role(_ arn: String) -> (Account.Role, String)? {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[2] == "iam", parts[3].isEmpty, parts[5].hasPrefix("role/"),
            let account = accounts[parts[4]],
            let role = account.roles.first(where: { "role/\($0.name)" == parts[5] })
        else { return nil }
        return (role, account.id)
    }

    private mutating func newSession(
        _ role: Account.Role,
        _ account: String,
        _ seconds: Int64,
        _ call: Invocation
    ) throws(Failure) -> [XML] {
        guard seconds <= role.longestSession else {
            throw Failure(
                400,
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
            )
        }
        let number = String(newSerial())
        let key = "ASIA" + String(repeating: "0", count: 16 - number.utf8.count) + number
        let session = Identity.Session(
            token: "token/of+the/fake==\(number)",
            expires: call.now + (behaviour.tokenSeconds ?? seconds)
        )
        let name = call.text("RoleSessionName") ?? ""
        let identity = Identity(
            role: role.name,
            session: name,
            account: account,
            secret: "no/secret+of/the+fake/session/\(number)",
            session: session
        )
        identities[key] = identity
        return [
            XML(
                "Credentials",
                [
                    XML("AccessKeyId", key),
                    XML("SecretAccessKey", identity.secret),
                    XML("SessionToken", session.token),
                    XML("Expiration", Timestamp.text(seconds: session.expires)),
                ]
            ),
            XML("AssumedRoleUser", [XML("AssumedRoleId", identity.userID), XML("Arn", identity.arn)]),
            XML("PackedPolicySize", 0),
        ]
    }
}
