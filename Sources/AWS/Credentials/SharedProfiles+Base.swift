import Diagnostics

extension SharedProfiles {
    /// What a profile's own credentials are, apart from a role that is assumed with another's; nil where it has none.
    ///
    /// The order is that of the AWS CLI: web identity, IAM Identity Center, keys of the credentials file, `login_session`,
    /// `credential_process`, keys of the config file.
    func base(of name: String, _ sessionName: String) throws(CredentialError) -> ProfilePlan.Base? {
        guard let profile = self[name] else { return nil }
        let quoted = "'\(shortened(name))'"
        if let file = profile["web_identity_token_file"] {
            guard profile["role_arn"] != nil else {
                throw CredentialError(
                    at: file.place,
                    "the profile \(quoted) has a 'web_identity_token_file' without a role",
                    fix: "add 'role_arn' to it"
                )
            }
            return .webIdentity(tokenFile: file.value, role: try role(of: profile, sessionName))
        }
        if ["sso_account_id", "sso_role_name", "sso_start_url"].contains(where: { profile[$0] != nil }) {
            return .commandLine(name: name, logIn: "aws sso login --profile \(quoted)")
        }
        if let keys = try keys(of: name, in: credentials) { return .keys(keys) }
        if profile["login_session"] != nil {
            return .commandLine(name: name, logIn: "aws login --profile \(quoted)")
        }
        if let command = profile["credential_process"] {
            guard let words = CommandWords.split(command.value), let program = words.first, !program.isEmpty else {
                throw CredentialError(
                    at: command.place,
                    "the 'credential_process' of profile \(quoted) is no command",
                    why: "a quote is not closed, or the name of a program is missing",
                    fix: "put what has blanks between double quotes"
                )
            }
            return .program(words: words)
        }
        return try keys(of: name, in: config).map { .keys($0) }
    }

    /// Whether a profile has keys of its own, or half of them.
    func hasKeys(_ name: String) -> Bool {
        [credentials, config].contains { file in
            file?.profiles[name]?["aws_access_key_id"] != nil || file?.profiles[name]?["aws_secret_access_key"] != nil
        }
    }

    /// The keys of one file: an identifier of one with a secret of the other would be nobody's.
    private func keys(of name: String, in file: ProfileFile?) throws(CredentialError) -> Credentials? {
        guard let file, let profile = file.profiles[name] else { return nil }
        let keys = ["aws_access_key_id", "aws_secret_access_key"]
        let found = keys.compactMap { profile[$0] }
        guard let first = found.first else { return nil }
        guard found.count == 2 else {
            let missing = profile[keys[0]] == nil ? keys[0] : keys[1]
            throw CredentialError(
                at: first.place,
                "the profile '\(shortened(name))' has half a key: '\(missing)' is missing",
                fix: "write both into one file"
            )
        }
        let token = profile["aws_session_token"] ?? profile["aws_security_token"]
        for setting in found + [token].compactMap({ $0 }) where !setting.value.isOneWord {
            throw mistake(setting, "the value has a character that is in none of AWS's keys")
        }
        return Credentials(
            accessKeyID: found[0].value,
            secretAccessKey: found[1].value,
            sessionToken: token?.value,
            source: "profile '\(shortened(name))' (keys in '\(file.path)')"
        )
    }
}
