import AWS
import HTTPTransport
import SystemPackage
import TestSupport
import Testing

@Suite struct CredentialEnvironmentTests {
    let folder: TemporaryFolder
    let bench: CredentialBench

    init() throws {
        folder = try TemporaryFolder()
        bench = CredentialBench(folder)
    }

    @Test func `takes keys of the environment before all else`() async throws {
        try bench.credentials("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = HUSH-file\n")
        let chain = bench.chain([
            "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "HUSH-env\n", "AWS_SESSION_TOKEN": "HUSH-token",
            "AWS_PROFILE": "default",
        ])
        let found = try await chain.credentials()
        #expect(
            found
                == Credentials(
                    accessKeyID: "AKIAENV",
                    secretAccessKey: "HUSH-env",
                    sessionToken: "HUSH-token",
                    source: "the environment"
                )
        )
        #expect(bench.redactor.redact("a HUSH-env b HUSH-token c") == "a *** b *** c")
    }

    @Test func `a profile that an option names comes before the environment`() async throws {
        try bench.credentials("[prod]\naws_access_key_id = AKIAFILE\naws_secret_access_key = HUSH-file\n")
        let environment = [
            "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "HUSH-env",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
        ]
        #expect(try await bench.chain(environment, profile: "prod").credentials().accessKeyID == "AKIAFILE")
    }

    @Test func `half a key is an error, whatever else there is`() async throws {
        try bench.credentials("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = HUSH-file\n")
        let fix = "\n  fix: set both, and AWS_SESSION_TOKEN if the key came with one, or unset both"
        #expect(
            await bench.failure(bench.chain(["AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": " "]))
                == "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY" + fix
        )
        #expect(
            await bench.failure(bench.chain(["AWS_SECRET_ACCESS_KEY": "HUSH-env"]))
                == "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID" + fix
        )
        #expect(
            await bench.failure(bench.chain(["AWS_ACCESS_KEY_ID": "AKIA\r\nx", "AWS_SECRET_ACCESS_KEY": "HUSH-env"]))
                == "AWS_ACCESS_KEY_ID has a character that is in none of AWS's keys\n  fix: set it anew"
        )
    }

    @Test func `empty variables are as good as none`() async throws {
        try bench.credentials("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = HUSH-file\n")
        let chain = bench.chain(["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": " ", "AWS_PROFILE": ""])
        #expect(try await chain.credentials().accessKeyID == "AKIAFILE")
    }

    @Test func `exported credentials say when they end, and are refused then`() async throws {
        let environment = [
            "AWS_ACCESS_KEY_ID": "ASIAENV", "AWS_SECRET_ACCESS_KEY": "HUSH-env", "AWS_SESSION_TOKEN": "HUSH-token",
            "AWS_CREDENTIAL_EXPIRATION": "2023-11-14T22:20:00+00:00",
        ]
        let chain = bench.chain(environment)
        #expect(try await chain.credentials().expiration == CredentialBench.start + 400)
        bench.advance(390)
        #expect(try await chain.credentials().accessKeyID == "ASIAENV")
        bench.advance(10)
        #expect(
            await bench.failure(chain) == """
                the credentials from the environment have ended
                  why: they were good until 2023-11-14T22:20:00Z, and by this machine's clock it is 2023-11-14T22:20:00Z
                  fix: get new ones, or set the clock
                """
        )
        let wrong = environment.merging(["AWS_CREDENTIAL_EXPIRATION": "soon"]) { $1 }
        #expect(
            await bench.failure(bench.chain(wrong))
                == "AWS_CREDENTIAL_EXPIRATION is no ISO 8601 time with an offset\n"
                + "  fix: write it as '2030-01-31T12:00:00Z', or unset it"
        )
    }

    @Test func `assumes a role with the web identity that the environment names`() async throws {
        let token = try folder.write("HUSH.jwt.token\n", to: "token")
        let environment = [
            "AWS_WEB_IDENTITY_TOKEN_FILE": token.string, "AWS_ROLE_ARN": CredentialBench.role,
            "AWS_ROLE_SESSION_NAME": "ci@build",
        ]
        let chain = bench.chain(environment)
        let found = try await chain.credentials()
        #expect(found.accessKeyID == "ASIAROLE1")
        #expect(found.source == "web identity (AWS_WEB_IDENTITY_TOKEN_FILE)")
        // The token is read anew each time: whoever wrote it replaces it.
        try folder.write("HUSH.other.token", to: "token")
        bench.advance(3400)
        #expect(try await chain.credentials().accessKeyID == "ASIAROLE2")
        let call = "baker as ci@build by web identity"
        #expect(bench.calls == ["\(call) HUSH.jwt.token", "\(call) HUSH.other.token"])
        #expect(bench.redactor.redact("HUSH.jwt.token HUSH-role-secret-1 HUSH-role-token-2") == "*** *** ***")
    }

    @Test func `a web identity without a role, a token or a fitting name is an error`() async throws {
        let variable = "AWS_WEB_IDENTITY_TOKEN_FILE"
        let token = try folder.write("HUSH.jwt.token", to: "token").string
        #expect(
            await bench.failure(bench.chain([variable: token]))
                == "\(variable) is set without a role\n  fix: set AWS_ROLE_ARN, or unset \(variable)"
        )
        let role = ["AWS_ROLE_ARN": CredentialBench.role]
        #expect(
            await bench.failure(bench.chain(role.merging([variable: "/no/such/token"]) { $1 }))
                == "the token of web identity (\(variable)) is not there\n  why: there is no file '/no/such/token'"
        )
        let blank = try folder.write("\n", to: "blank").string
        #expect(
            await bench.failure(bench.chain(role.merging([variable: blank]) { $1 }))
                == "the file '\(blank)' holds no token of web identity (\(variable))"
        )
        let named = role.merging([variable: token, "AWS_ROLE_SESSION_NAME": "a b"]) { $1 }
        #expect(
            await bench.failure(bench.chain(named))
                == "AWS_ROLE_SESSION_NAME is not 2 to 64 of letters, digits and '_+=,.@-'"
        )
        #expect(bench.calls.isEmpty)
    }

    @Test func `says what was looked at where there is nothing`() async throws {
        let home = folder.path.string
        #expect(
            await bench.failure(bench.chain()) == """
                no AWS credentials were found
                  why: the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set
                       web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set
                       profile 'default': it is neither in '\(home)/.aws/config' nor in '\(home)/.aws/credentials'
                       the container: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor \
                AWS_CONTAINER_CREDENTIALS_FULL_URI is set
                       the instance: http://169.254.169.254/latest/api/token: nobody answered in time
                  fix: run 'aws configure', or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
                """
        )
        // A machine elsewhere is held up no longer than two tries of a second each.
        #expect(bench.requests.map(\.patience) == [.seconds(1), .seconds(1)])
        try bench.config("[default]\nregion = eu-central-1\n[profile prod]\n[profile test]\n")
        let chain = bench.chain(["AWS_EC2_METADATA_DISABLED": "true"])
        #expect(
            await bench.failure(chain) == """
                no AWS credentials were found
                  why: the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set
                       web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set
                       profile 'default': it says nothing of credentials
                       the container: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor \
                AWS_CONTAINER_CREDENTIALS_FULL_URI is set
                       the instance: AWS_EC2_METADATA_DISABLED is 'true'
                  fix: set AWS_PROFILE to one of 'default', 'prod', 'test', or set AWS_ACCESS_KEY_ID and \
                AWS_SECRET_ACCESS_KEY
                """
        )
        #expect(bench.requests.count == 2)
        let homeless = bench.chain(["HOME": "", "AWS_EC2_METADATA_DISABLED": "true"])
        #expect(
            await bench.failure(homeless).contains(
                "\n       profile 'default': HOME is not set, and so there are no files of profiles\n"
            )
        )
    }
}
