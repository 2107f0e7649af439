import AWS
import HTTPTransport
import SystemPackage
import TestSupport
import Testing

/// Each secret of these tests has `HUSH` in it; no text may.
@Suite struct CredentialSecrecyTests {
    let folder: TemporaryFolder
    let bench: CredentialBench

    init() throws {
        folder = try TemporaryFolder()
        bench = CredentialBench(folder)
    }

    /// All texts that a value gives of itself.
    private func texts<Value>(_ value: Value) -> String {
        var result = "\(value) \(String(describing: value)) \(String(reflecting: value)) "
        dump(value, to: &result)
        dump([value], to: &result)
        dump(Optional(value), to: &result)
        result += "\(Mirror(reflecting: value).children.map { "\($0)" })"
        return result
    }

    @Test func `credentials show their identifier and where they are from`() {
        let credentials = Credentials(
            accessKeyID: "AKIAONE",
            secretAccessKey: "HUSH-secret",
            sessionToken: "HUSH-token",
            expiration: 1,
            source: "a test"
        )
        #expect("\(credentials)" == "AKIAONE from a test")
        #expect(String(reflecting: credentials) == "AKIAONE from a test")
        var text = ""
        dump(credentials, to: &text)
        #expect(text == "▿ AKIAONE from a test\n  - accessKeyID: \"AKIAONE\"\n  - source: \"a test\"\n")
        #expect(!texts(credentials).contains("HUSH"))
        #expect(!texts(Result<Credentials, any Error>.success(credentials)).contains("HUSH"))
    }

    @Test func `neither a chain nor profiles show what they hold`() async throws {
        try bench.credentials("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = HUSH-file\n")
        try bench.config("[profile b]\naws_session_token = HUSH-token\ncredential_process = keeper --password HUSH\n")
        let environment = ["AWS_SECRET_ACCESS_KEY": "HUSH-env", "HOME": folder.path.string]
        let chain = bench.chain(environment, profile: "default")
        _ = try await chain.credentials()
        #expect(!texts(chain).contains("HUSH"))
        #expect(!texts(try SharedProfiles(environment: environment)).contains("HUSH"))
        // The profile's keys too, though another was asked for, and the environment's, though they were not used.
        #expect(bench.redactor.redact("HUSH-file HUSH-token HUSH-env") == "*** *** ***")
    }

    @Test(arguments: [
        "[default]\nHUSH\n", "[default]\naws_secret_access_key HUSH\n", "[default\nHUSH = 1\n", "HUSH = 1\n",
        "[default]\naws_secret_access_key = HUSH\naws_secret_access_key = HUSH\n",
        "[default]\naws_secret_access_key = HUSH\n",
        "[default]\naws_access_key_id = A\naws_secret_access_key = HUSH x\n",
        "[default]\naws_access_key_id = A\naws_secret_access_key = HUSH\n  HUSH\n",
        "[default]\nrole_arn = HUSH\nsource_profile = default\naws_secret_access_key = HUSH\n",
        "[default]\nweb_identity_token_file = /nowhere\naws_secret_access_key = HUSH\n",
        "[default]\ncredential_process = \"HUSH\n", "[default]\ncredential_process = /bin/false HUSH\n",
        "[default]\ncredential_process = /bin/echo HUSH\n",
    ])
    func `no mistake in a file is told with the value`(text: String) async throws {
        try bench.credentials(text)
        let error = await #expect(throws: CredentialError.self) { try await bench.chain().credentials() }
        #expect(!texts(try #require(error)).contains("HUSH"))
    }

    @Test func `what a service repeats is taken out`() async throws {
        struct Chatty: Error, CustomStringConvertible { let description: String }
        try bench.config(
            "[default]\nrole_arn = \(CredentialBench.role)\nsource_profile = default\n"
                + "aws_access_key_id = AKIAKEYS\naws_secret_access_key = HUSH-keys\n"
        )
        bench.failTokenCalls(with: Chatty(description: "HUSH-keys is wrong"))
        let error = await #expect(throws: CredentialError.self) { try await bench.chain().credentials() }
        #expect(error?.why == "*** is wrong")
    }
}
