import AWS
import HTTPTransport
import SystemPackage
import TestSupport
import Testing

@Suite struct ProfileRoleTests {
    let folder: TemporaryFolder
    let bench: CredentialBench

    init() throws {
        folder = try TemporaryFolder()
        bench = CredentialBench(folder)
    }

    private static let keys = "aws_access_key_id = AKIAKEYS\naws_secret_access_key = HUSH-keys\n"

    private func role(_ name: String) -> String { "role_arn = arn:aws:iam::123456789012:role/\(name)\n" }

    private func found(_ config: String, _ environment: [String: String] = [:]) async throws -> Credentials {
        try bench.config(config)
        return try await bench.chain(environment, profile: "a").credentials()
    }

    private func failure(_ config: String, _ environment: [String: String] = [:]) async throws -> String {
        try bench.config(config)
        return await bench.failure(bench.chain(environment, profile: "a")).replacing("\(folder.path)/.aws/", with: "")
    }

    @Test func `assumes a role with what a profile says of it`() async throws {
        let config =
            "[profile a]\n\(role("one"))source_profile = b\nrole_session_name = x=y\nexternal_id = 4711\n"
            + "duration_seconds = 900\n[profile b]\n\(Self.keys)"
        let credentials = try await found(config)
        #expect(credentials.source == "profile 'a' (role 'arn:aws:iam::123456789012:role/one')")
        #expect(credentials.accessKeyID == "ASIAROLE1")
        #expect(bench.calls == ["one as x=y for 4711 for 900 s by AKIAKEYS"])
    }

    @Test func `assumes roles one with the other`() async throws {
        _ = try await found(
            "[profile a]\n\(role("one"))source_profile = b\n[profile b]\n\(role("two"))source_profile = c\n"
                + "[profile c]\n\(role("three"))source_profile = d\n[profile d]\n\(Self.keys)"
        )
        let name = "ovenbird-\(CredentialBench.start)"
        #expect(
            bench.calls == [
                "three as \(name) by AKIAKEYS", "two as \(name) by ASIAROLE1", "one as \(name) by ASIAROLE2",
            ]
        )
        #expect(bench.redactor.redact("HUSH-keys HUSH-role-secret-1 HUSH-role-token-2") == "*** *** ***")
    }

    @Test func `keys of a source count before its role, and those of the profile itself do not`() async throws {
        let own = "aws_access_key_id = AKIAOWN\naws_secret_access_key = HUSH-own\n"
        _ = try await found(
            "[profile a]\n\(role("one"))source_profile = b\n\(own)[profile b]\n\(role("two"))source_profile = c\n\(Self.keys)"
        )
        #expect(bench.calls == ["one as ovenbird-\(CredentialBench.start) by AKIAKEYS"])
    }

    @Test func `a profile may name itself where it has keys`() async throws {
        _ = try await found("[profile a]\n\(role("one"))source_profile = a\n\(Self.keys)")
        #expect(bench.calls == ["one as ovenbird-\(CredentialBench.start) by AKIAKEYS"])
        #expect(
            try await failure("[profile a]\n\(role("one"))source_profile = a\n")
                == "config:3:1: the profiles take their credentials from each other: 'a' -> 'a'"
        )
    }

    @Test func `cycles are refused, and so are chains without end`() async throws {
        #expect(
            try await failure(
                "[profile a]\n\(role("one"))source_profile = b\n\(Self.keys)[profile b]\n\(role("two"))source_profile = c\n"
                    + "[profile c]\n\(role("three"))source_profile = a\n"
            ) == "config:11:1: the profiles take their credentials from each other: 'a' -> 'b' -> 'c' -> 'a'"
        )
        var config = "[profile a]\n\(role("a"))source_profile = p0\n"
        for number in 0..<100 { config += "[profile p\(number)]\n\(role("r"))source_profile = p\(number + 1)\n" }
        #expect(
            try await failure(config)
                == "config:48:1: more than 16 profiles take their credentials from each other"
        )
        #expect(bench.calls.isEmpty)
    }

    @Test func `takes the credentials that a source stands for`() async throws {
        bench.instance(endsIn: 3600)
        let box = "http://169.254.170.2/keys"
        bench.answer("GET \(box)", 200, CredentialBench.document("ASIABOX", "Token", end: bench.now + 3600))
        let environment = [
            "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "HUSH-env",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": box,
        ]
        for source in ["Environment", "EcsContainer", "Ec2InstanceMetadata"] {
            _ = try await found(
                "[profile a]\n\(role("one"))role_session_name = me\ncredential_source = \(source)\n",
                environment
            )
        }
        #expect(bench.calls == ["AKIAENV", "ASIABOX", "ASIAINSTANCE"].map { "one as me by \($0)" })
    }

    @Test func `says which source has nothing`() async throws {
        let profile = "[profile a]\n\(role("one"))credential_source = "
        #expect(
            try await failure(profile + "Environment") == """
                the 'credential_source' of profile 'a', 'Environment', has no credentials
                  why: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set
                """
        )
        #expect(
            try await failure(profile + "EcsContainer").hasSuffix(
                "\n  why: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set"
            )
        )
        #expect(
            try await failure(profile + "Ec2InstanceMetadata", ["AWS_EC2_METADATA_DISABLED": "TRUE"])
                .hasSuffix("\n  why: AWS_EC2_METADATA_DISABLED is 'true'")
        )
        #expect(
            try await failure(profile + "environment") == """
                config:3:1: the profile 'a' names an unknown 'credential_source'
                  fix: write 'Environment', 'Ec2InstanceMetadata' or 'EcsContainer'
                """
        )
    }

    @Test func `a web identity of a profile assumes its role, and others from it`() async throws {
        let token = try folder.write("HUSH.jwt", to: "token")
        let web = "web_identity_token_file = \(token)\nrole_session_name = web\n"
        #expect(
            try await found("[profile a]\n\(role("one"))\(web)").source == "profile 'a' (web_identity_token_file)"
        )
        _ = try await found(
            "[profile a]\n\(role("one"))source_profile = b\nrole_session_name = me\n[profile b]\n\(role("two"))\(web)"
        )
        #expect(
            bench.calls == [
                "one as web by web identity HUSH.jwt", "two as web by web identity HUSH.jwt", "one as me by ASIAROLE2",
            ]
        )
        #expect(
            try await failure("[profile a]\n\(web)") == """
                config:2:1: the profile 'a' has a 'web_identity_token_file' without a role
                  fix: add 'role_arn' to it
                """
        )
    }

    @Test func `a code of a device is not asked for`() async throws {
        #expect(
            try await failure(
                "[profile a]\n\(role("one"))source_profile = b\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n"
                    + "[profile b]\n\(Self.keys)"
            ) == """
                config:4:1: the role of profile 'a' needs a code of a device (mfa_serial), which nobody is asked for here
                  fix: enter it first, with eval "$(aws configure export-credentials --profile 'a' --format env)", and \
                name no profile
                """
        )
    }

    @Test func `says what is wrong with a role`() async throws {
        let source = "source_profile = b\n[profile b]\n\(Self.keys)"
        #expect(
            try await failure("[profile a]\n\(role("one"))") == """
                config:2:1: the profile 'a' does not say whose credentials assume its role
                  fix: add 'source_profile', 'credential_source' or 'web_identity_token_file' to it
                """
        )
        #expect(
            try await failure("[profile a]\n\(role("one"))credential_source = Environment\n\(source)")
                == "config:4:1: the profile 'a' has both 'source_profile' and 'credential_source'"
        )
        #expect(try await failure("[profile a]\nrole_arn = one\n\(source)") == "config:2:1: 'role_arn' is no ARN")
        #expect(
            try await failure("[profile a]\n\(role("one"))duration_seconds = 1h\n\(source)")
                == "config:3:1: 'duration_seconds' is no number from 900 to 43200"
        )
        #expect(
            try await failure("[profile a]\n\(role("one"))role_session_name = a b\n\(source)")
                == "config:3:1: 'role_session_name' is not 2 to 64 of letters, digits and '_+=,.@-'"
        )
        #expect(
            try await failure("[profile a]\n\(role("one"))source_profile = prd\n[profile prod]\n\(Self.keys)") == """
                config:3:1: there is no profile 'prd'
                  why: it is neither in 'config' nor in 'credentials'
                  fix: write 'prod'
                """
        )
        #expect(
            try await failure("[profile a]\n\(role("one"))source_profile = b\n[profile b]\nregion = x\n")
                == "config:3:1: the profile 'b' has no credentials for the role of profile 'a'"
        )
        #expect(
            try await failure(
                "[profile a]\n\(role("one"))source_profile = b\n[profile b]\naws_access_key_id = AKIAKEYS\n"
            )
                == "config:5:1: the profile 'b' has half a key: 'aws_secret_access_key' is missing\n"
                + "  fix: write both into one file"
        )
        #expect(bench.calls.isEmpty)
    }

    @Test func `a profile that was named has to be there`() async throws {
        #expect(
            try await failure("[a]\n\(Self.keys)") == """
                there is no profile 'a'
                  why: it is in neither file; '[a]' at config:1:1 is no profile
                  fix: write '[profile a]' at config:1:1
                """
        )
        #expect(
            try await failure("[profile b]\n\(Self.keys)[profile c]\n") == """
                there is no profile 'a'
                  why: it is neither in 'config' nor in 'credentials'
                  fix: write 'b'
                """
        )
        #expect(
            try await failure("[profile prod]\n[profile test]\n").hasSuffix("\n  fix: take one of 'prod', 'test'")
        )
        let text = await bench.failure(bench.chain(["AWS_PROFILE": "nobody"]))
        #expect(text.hasPrefix("there is no profile 'nobody'\n"))
        // Of AWS_PROFILE nothing is asked where the environment has keys.
        let keys = ["AWS_PROFILE": "nobody", "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "HUSH-env"]
        #expect(try await bench.chain(keys).credentials().accessKeyID == "AKIAENV")
    }

    @Test func `the order within a profile is that of the CLI`() async throws {
        try bench.program("aws", #"echo '{"Version": 1, "AccessKeyId": "ASIACLI", "SecretAccessKey": "HUSH"}'"#)
        try bench.program("keeper", #"echo '{"Version": 1, "AccessKeyId": "ASIAPROGRAM", "SecretAccessKey": "HUSH"}'"#)
        var config = "[profile a]\naws_access_key_id = AKIACONFIG\naws_secret_access_key = HUSH-config\n"
        #expect(try await found(config).accessKeyID == "AKIACONFIG")
        config += "credential_process = keeper\n"
        #expect(try await found(config).accessKeyID == "ASIAPROGRAM")
        config += "login_session = x\n"
        #expect(try await found(config).accessKeyID == "ASIACLI")
        try bench.credentials("[a]\naws_access_key_id = AKIAFILE\naws_secret_access_key = HUSH-file\n")
        #expect(try await found(config).accessKeyID == "AKIAFILE")
        config += "sso_account_id = 123456789012\n"
        #expect(try await found(config).accessKeyID == "ASIACLI")
        config += "web_identity_token_file = \(try folder.write("HUSH", to: "token"))\n\(role("one"))"
        #expect(try await found(config).accessKeyID == "ASIAROLE1")
    }

    @Test func `halves of keys in two files are no key, nor does a token of one go with the keys of the other`()
        async throws
    {
        try bench.credentials("[a]\naws_access_key_id = AKIAFILE\n")
        try bench.config("[profile a]\naws_secret_access_key = HUSH-config\naws_session_token = HUSH-token\n")
        let text = await bench.failure(bench.chain(profile: "a"))
        #expect(text.hasPrefix("\(folder.path)/.aws/credentials:2:1: the profile 'a' has half a key: "))
        try bench.credentials("[a]\naws_access_key_id = AKIAFILE\naws_secret_access_key = HUSH-file\n")
        #expect(try await bench.chain(profile: "a").credentials().sessionToken == nil)
    }

    @Test func `a web identity of the environment comes before keys of a profile, and after its role`() async throws {
        let token = try folder.write("HUSH.jwt", to: "token").string
        let environment = [
            "AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": CredentialBench.role, "AWS_PROFILE": "a",
            "AWS_ROLE_SESSION_NAME": "web",
        ]
        try bench.config("[profile a]\n\(Self.keys)")
        _ = try await bench.chain(environment).credentials()
        try bench.config(
            "[profile a]\nrole_session_name = me\n\(role("one"))source_profile = b\n[profile b]\n\(Self.keys)"
        )
        _ = try await bench.chain(environment).credentials()
        #expect(bench.calls == ["baker as web by web identity HUSH.jwt", "one as me by AKIAKEYS"])
    }
}
