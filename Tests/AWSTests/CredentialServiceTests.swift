import AWS
import HTTPTransport
import SystemPackage
import TestSupport
import Testing

@Suite struct CredentialServiceTests {
    let folder: TemporaryFolder
    let bench: CredentialBench

    init() throws {
        folder = try TemporaryFolder()
        bench = CredentialBench(folder)
    }

    private static let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI"

    @Test(arguments: [
        "http://localhost:8080/keys", "http://127.0.0.1/keys", "http://127.255.0.9/keys", "http://[::1]:81/keys",
        "http://169.254.170.2/keys", "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials",
        "https://keys.example/a",
    ])
    func `asks a container's service at`(address: String) async throws {
        bench.answer("GET \(address)", 200, CredentialBench.document("ASIABOX", "Token", end: bench.now + 3600))
        let found = try await bench.chain([Self.full: address]).credentials()
        #expect(found.accessKeyID == "ASIABOX")
        #expect(found.sessionToken == "HUSH-token-of-ASIABOX")
        #expect(found.expiration == CredentialBench.start + 3600)
        #expect(bench.requests.map { $0.headers["authorization"] } == [nil])
    }

    @Test(arguments: [
        "http://example.com/keys", "http://127.0.0.1.example.com/", "http://127.1/", "http://127.0.0.256/",
        "http://169.254.170.3/", "http://169.254.169.254/", "http://localhost.example.com/", "http://2130706433/",
        "http://[fd00:ec2::24]/",
    ])
    func `asks nobody else without TLS`(address: String) async {
        let text = await bench.failure(bench.chain([Self.full: address]))
        #expect(text.hasPrefix("\(Self.full) names '"))
        #expect(text.contains("', which credentials are not asked of without TLS\n"))
        #expect(bench.requests.isEmpty)
    }

    @Test func `reads both variables of a container as they are documented`() async throws {
        let relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
        let body = CredentialBench.document("ASIABOX", "Token", end: bench.now + 3600)
        bench.answer("GET http://169.254.170.2/v2/keys?a=1", 200, body)
        let both = [relative: "/v2/keys?a=1", Self.full: "http://localhost/other"]
        #expect(try await bench.chain(both).credentials().source == "the container's service at 169.254.170.2")
        for path in ["keys", "@example.com/", "//example.com/\\", ".example.com/"] {
            let text = await bench.failure(bench.chain([relative: path]))
            #expect(text == "\(relative) is no path that begins with '/'", "\(path)")
        }
        #expect(await bench.failure(bench.chain([Self.full: "/keys"])) == "\(Self.full) is no address")
    }

    @Test func `sends the token of a container, that of a file first`() async throws {
        let address = "http://169.254.170.23/v1/credentials"
        bench.answer("GET \(address)", 200, CredentialBench.document("ASIABOX", "Token", end: bench.now + 3600))
        let name = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
        let direct = [Self.full: address, name: "Basic HUSH-direct"]
        _ = try await bench.chain(direct).credentials()
        let file = try folder.write("HUSH-of-file\n", to: "token")
        let chain = bench.chain(direct.merging(["\(name)_FILE": file.string]) { $1 })
        _ = try await chain.credentials()
        try folder.write("HUSH-renewed", to: "token")
        bench.advance(3400)
        _ = await bench.failure(chain)
        #expect(
            bench.requests.map { $0.headers["authorization"] } == ["Basic HUSH-direct", "HUSH-of-file", "HUSH-renewed"]
        )
        #expect(bench.redactor.redact("HUSH-of-file, Basic HUSH-direct") == "***, ***")
        try folder.write("HUSH\r\nx: y", to: "token")
        let text = await bench.failure(bench.chain(direct.merging(["\(name)_FILE": file.string]) { $1 }))
        #expect(text == "the file '\(file)' holds no token of the container's service (\(name)_FILE)")
    }

    @Test func `a container's service that fails for a time is asked again, three times`() async throws {
        let address = "http://169.254.170.2/keys"
        let environment = [Self.full: address]
        bench.answer("GET \(address)", 503, "")
        bench.answer("GET \(address)", 200, CredentialBench.document("ASIABOX", "Token", end: bench.now + 3600))
        #expect(try await bench.chain(environment).credentials().accessKeyID == "ASIABOX")
        bench.forget("GET \(address)")
        bench.answer("GET \(address)", 500, #"{"code": "InternalError", "message": "HUSH-secret-of-ASIABOX\nno"}"#)
        #expect(
            await bench.failure(bench.chain(environment))
                == "GET \(address): the answer is 500\n  why: InternalError: ***; no"
        )
        #expect(bench.requests.count == 5)
        bench.forget("GET \(address)")
        #expect(await bench.failure(bench.chain(environment)) == "\(address): nobody answered in time")
        bench.answer("GET \(address)", 200, #"{"AccessKeyId": "ASIABOX", "SecretAccessKey": "HUSH secret"}"#)
        #expect(await bench.failure(bench.chain(environment)) == "GET \(address) gave no 'SecretAccessKey'")
    }

    @Test func `asks an instance's metadata by version 2, and by nothing else`() async throws {
        bench.instance(endsIn: 21_600)
        let found = try await bench.chain().credentials()
        #expect(found.accessKeyID == "ASIAINSTANCE")
        #expect(found.source == "the instance's role 'baker'")
        #expect(
            bench.lines == [
                "PUT \(CredentialBench.metadata)/api/token", "GET \(CredentialBench.roles)",
                "GET \(CredentialBench.roles)baker",
            ]
        )
        let (sent, token) = (bench.requests, "HUSH-metadata-token==")
        #expect(sent[0].headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600")
        #expect(sent.map { $0.headers["x-aws-ec2-metadata-token"] ?? "" } == ["", token, token])
        #expect(bench.redactor.redact("HUSH-metadata-token==") == "***")
        // No token, no version 1.
        bench.forget("PUT \(CredentialBench.metadata)/api/token")
        bench.answer("PUT \(CredentialBench.metadata)/api/token", 403, "")
        let text = await bench.failure(bench.chain())
        #expect(
            text.contains("\n       the instance: PUT \(CredentialBench.metadata)/api/token: the answer is 403\n")
        )
        #expect(bench.requests.count == 4)
    }

    @Test func `says why an instance gives no credentials`() async throws {
        bench.instance(endsIn: 3600)
        bench.forget("GET \(CredentialBench.roles)baker")
        bench.answer(
            "GET \(CredentialBench.roles)baker",
            200,
            #"{"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role baker"}"#
        )
        #expect(
            await bench.failure(bench.chain()).contains(
                "\n       the instance: GET \(CredentialBench.roles)baker: the service gave no credentials: "
                    + "AssumeRoleUnauthorizedAccess: EC2 cannot assume the role baker\n"
            )
        )
        bench.forget("GET \(CredentialBench.roles)")
        bench.answer("GET \(CredentialBench.roles)", 404, "")
        #expect(await bench.failure(bench.chain()).contains("\n       the instance: the instance has no role\n"))
        // A role's name cannot lead elsewhere.
        bench.forget("GET \(CredentialBench.roles)")
        bench.answer("GET \(CredentialBench.roles)", 200, "../../dynamic?x#y")
        _ = await bench.failure(bench.chain())
        #expect(bench.lines.last == "GET \(CredentialBench.roles)..%2F..%2Fdynamic%3Fx%23y")
    }

    @Test func `the endpoint of the metadata service can be another`() async throws {
        let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://metadata.test:1338/imds/"]
        _ = await bench.failure(bench.chain(environment))
        #expect(bench.lines.last == "PUT http://metadata.test:1338/imds/latest/api/token")
        _ = await bench.failure(bench.chain(["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"]))
        #expect(bench.lines.last == "PUT http://[fd00:ec2::254]/latest/api/token")
        try bench.config("[default]\nec2_metadata_service_endpoint = http://other.test\n")
        _ = await bench.failure(bench.chain())
        #expect(bench.lines.last == "PUT http://other.test/latest/api/token")
        let text = await bench.failure(bench.chain(["AWS_EC2_METADATA_SERVICE_ENDPOINT": "nonsense"]))
        #expect(
            text.contains(
                "the instance: the endpoint of the metadata service (AWS_EC2_METADATA_SERVICE_ENDPOINT) is no address"
            )
        )
    }

    @Test func `credentials of an instance that have ended are used while the service has no others`() async throws {
        bench.instance(endsIn: -100)
        let chain = bench.chain()
        let found = try await chain.credentials()
        #expect(found.expiration == CredentialBench.start + 600)
        bench.advance(250)
        _ = try await chain.credentials()
        #expect(bench.requests.count == 3)
        bench.advance(100)
        _ = try await chain.credentials()
        #expect(bench.requests.count == 6)
    }
}
