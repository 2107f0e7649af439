import Diagnostics

extension SharedProfiles {
    /// More roles than this one after the other are a mistake.
    private static let longestChain = 16

    /// How a profile gets its credentials, or nil where it says nothing of them.
    ///
    /// `sessionName` is that of roles whose profile has none. Source: AWS SDKs and Tools Reference Guide, "Assume role
    /// credential provider": keys of a `source_profile` count before a role that it names, and a profile may name itself
    /// where it has keys.
    func plan(for name: String, sessionName: String) throws(CredentialError) -> ProfilePlan? {
        var steps: [ProfilePlan.Step] = []
        var visited = [name]
        while let current = visited.last, let profile = self[current] {
            guard profile.assumesRole, steps.isEmpty || !hasKeys(current) else {
                return try plan(from: current, after: steps, sessionName)
            }
            steps.insert(ProfilePlan.Step(role: try role(of: profile, sessionName), profile: current), at: 0)
            switch (profile["source_profile"], profile["credential_source"]) {
            case (let source?, nil):
                if source.value == current, hasKeys(current) {
                    return try plan(from: current, after: steps, sessionName)
                }
                try check(source, after: visited)
                visited.append(source.value)
            case (nil, let source?):
                return ProfilePlan(base: try base(named: source, of: current), profile: current, steps: steps)
            case (let source?, _?):
                let name = shortened(current)
                throw mistake(source, "the profile '\(name)' has both 'source_profile' and 'credential_source'")
            case (nil, nil):
                throw CredentialError(
                    at: profile["role_arn"]?.place,
                    "the profile '\(shortened(current))' does not say whose credentials assume its role",
                    fix: "add 'source_profile', 'credential_source' or 'web_identity_token_file' to it"
                )
            }
        }
        return nil
    }

    private func plan(
        from name: String,
        after steps: [ProfilePlan.Step],
        _ sessionName: String
    ) throws(CredentialError) -> ProfilePlan? {
        if let base = try base(of: name, sessionName) { return ProfilePlan(base: base, profile: name, steps: steps) }
        guard let step = steps.first else { return nil }
        throw CredentialError(
            at: self[step.profile]?["source_profile"]?.place,
            "the profile '\(shortened(name))' has no credentials for the role of profile '\(shortened(step.profile))'"
        )
    }

    private func check(_ source: ProfileSetting, after visited: [String]) throws(CredentialError) {
        let name = shortened(source.value)
        if visited.contains(source.value) {
            let loop = (visited + [source.value]).map { "'\(shortened($0))'" }.joined(separator: " -> ")
            throw mistake(source, "the profiles take their credentials from each other: \(loop)")
        }
        guard visited.count < Self.longestChain else {
            throw mistake(source, "more than \(Self.longestChain) profiles take their credentials from each other")
        }
        guard self[source.value] != nil else {
            throw CredentialError(
                at: source.place,
                "there is no profile '\(name)'",
                why: absence(of: source.value),
                fix: fix(forAbsent: source.value)
            )
        }
    }

    /// The role that a profile names.
    func role(of profile: ProfileSection, _ sessionName: String) throws(CredentialError) -> RoleToAssume {
        guard let arn = profile["role_arn"] else { preconditionFailure("only what names a role is asked for it") }
        guard arn.value.isOneWord, arn.value.hasPrefix("arn:") else { throw mistake(arn, "'role_arn' is no ARN") }
        if let device = profile["mfa_serial"], profile.assumesRole {
            let name = shortened(profile.name)
            throw CredentialError(
                at: device.place,
                "the role of profile '\(name)' needs a code of a device (mfa_serial), which nobody is asked for here",
                fix: "enter it first, with "
                    + "eval \"$(aws configure export-credentials --profile '\(name)' --format env)\", and name no profile"
            )
        }
        var role = RoleToAssume(arn: arn.value, sessionName: sessionName, externalID: profile["external_id"]?.value)
        if let name = profile["role_session_name"] {
            guard isSessionName(name.value) else {
                throw mistake(name, "'role_session_name' is not 2 to 64 of letters, digits and '_+=,.@-'")
            }
            role.sessionName = name.value
        }
        if let duration = profile["duration_seconds"] {
            guard let seconds = Int(duration.value), (900...43_200).contains(seconds) else {
                throw mistake(duration, "'duration_seconds' is no number from 900 to 43200")
            }
            role.durationSeconds = seconds
        }
        return role
    }

    private func base(named source: ProfileSetting, of name: String) throws(CredentialError) -> ProfilePlan.Base {
        switch source.value {
        case "Environment": return .environment
        case "EcsContainer": return .container
        case "Ec2InstanceMetadata": return .instanceMetadata
        default:
            throw CredentialError(
                at: source.place,
                "the profile '\(shortened(name))' names an unknown 'credential_source'",
                fix: "write 'Environment', 'Ec2InstanceMetadata' or 'EcsContainer'"
            )
        }
    }

    func mistake(_ setting: ProfileSetting, _ what: String) -> CredentialError {
        CredentialError(at: setting.place, what)
    }
}

extension ProfileSection {
    /// Whether the credentials are those of a role that is assumed with others.
    var assumesRole: Bool { self["role_arn"] != nil && self["web_identity_token_file"] == nil }
}

/// Source: AWS Security Token Service API Reference, "AssumeRole", `RoleSessionName`.
func isSessionName(_ text: String) -> Bool {
    (2...64).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "_+=,.@-".utf8.contains(byte)
        }
}
