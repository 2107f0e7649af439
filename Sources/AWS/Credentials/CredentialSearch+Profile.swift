import HTTPTransport

extension CredentialSearch {
    /// Gets what a plan starts from, and assumes its roles one after the other.
    func carryOut(_ plan: ProfilePlan, _ profiles: SharedProfiles) async throws -> Credentials {
        var credentials = try await credentials(of: plan, profiles)
        for step in plan.steps {
            credentials.learnSecrets(redactor)
            let name = shortened(step.profile)
            credentials = try await explaining("the role '\(step.role.arn)' of profile '\(name)' was not assumed") {
                try await tokens.assumeRole(step.role, signedWith: credentials)
            }
            credentials.source = "profile '\(name)' (role '\(step.role.arn)')"
        }
        return credentials
    }

    private func credentials(of plan: ProfilePlan, _ profiles: SharedProfiles) async throws -> Credentials {
        let whose = "profile '\(shortened(plan.profile))'"
        switch plan.base {
        case .keys(let keys): return keys
        case .webIdentity(let file, let role):
            return try await assume(role, tokenFile: file, source: "\(whose) (web_identity_token_file)")
        case .program(let words):
            do {
                return try await program(words, whose, "credential_process", fix: nil).credentials()
            } catch let error as ProgramMissing {
                throw CredentialError(error.description, fix: "correct 'credential_process', or install the program")
            }
        case .commandLine(let name, let logIn):
            let words = ["aws", "configure", "export-credentials", "--profile", name, "--format", "process"]
            do {
                return try await program(words, whose, "by the AWS CLI", fix: "log in with '\(logIn)'").credentials()
            } catch is ProgramMissing {
                throw CredentialError(
                    "the login of \(whose) needs the AWS CLI, and there is no 'aws' on PATH",
                    fix: "install version 2 of the AWS CLI, and log in with '\(logIn)'"
                )
            }
        case .environment:
            if let keys = try EnvironmentKeys.read(variables) { return keys }
            throw nothing("Environment", whose, EnvironmentKeys.nothing)
        case .container:
            let container = ContainerCredentials(variables: variables, service: service)
            if let found = try await container.read() { return found }
            throw nothing("EcsContainer", whose, ContainerCredentials.nothing)
        case .instanceMetadata:
            do {
                return try await instance(of: profiles).read()
            } catch let error as CredentialError {
                let reason = error.why.map { "\(error.what): \($0)" } ?? error.what
                throw nothing("Ec2InstanceMetadata", whose, reason, isTransient: error.isTransient)
            }
        }
    }

    private func nothing(
        _ source: String,
        _ whose: String,
        _ why: String,
        isTransient: Bool = false
    ) -> CredentialError {
        CredentialError(
            "the 'credential_source' of \(whose), '\(source)', has no credentials",
            why: why,
            isTransient: isTransient
        )
    }

    private func program(_ words: [String], _ whose: String, _ how: String, fix: String?) -> CredentialProgram {
        CredentialProgram(
            words: words,
            whose: whose,
            source: "\(whose) (\(how))",
            fix: fix,
            variables: variables,
            patience: programPatience,
            redactor: redactor
        )
    }

    /// The token is read each time: whoever wrote it writes new ones.
    func assume(_ role: RoleToAssume, tokenFile: String, source: String) async throws -> Credentials {
        let token = try await SmallFile.token(tokenFile, of: source)
        redactor.learn(token)
        var credentials = try await explaining("the role '\(role.arn)' was not assumed with \(source)") {
            try await tokens.assumeRoleWithWebIdentity(role, token: token)
        }
        credentials.source = source
        return credentials
    }

    private func explaining<Value>(_ what: String, _ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as CancellationError {
            throw error
        } catch {
            let known = error as? any ExplainedFailure
            throw CredentialError(
                what,
                why: redactor.redact("\(error)"),
                fix: known?.fix,
                isTransient: known?.isTransient ?? false
            )
        }
    }
}

extension Credentials {
    /// Has what is secret taken out of all texts from now on.
    func learnSecrets(_ redactor: Redactor) {
        redactor.learn(secretAccessKey)
        if let sessionToken { redactor.learn(sessionToken) }
    }
}
