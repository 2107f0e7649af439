import HTTPTransport
import MachineImages
import OCI
import SystemIO
import Testing

@Suite("The metadata of an instance") struct InstanceMetadataTests {
    private static let identity = Digester.digest(of: "image")
    private let metadata = InstanceMetadata(
        of: Instance(of: identity, region: "eu-west-1", architecture: "amd64"),
        userData: Array("#!/bin/sh\n".utf8),
        publicKey: "ssh-ed25519 AAAA me",
        secret: "secret"
    )
    private let now: Int64 = 1_700_000_000

    private func ask(
        _ method: String,
        _ path: String,
        _ headers: HeaderFields = [:],
        at now: Int64? = nil
    ) -> PipeServer.Answer {
        metadata.answer(.init(method: method, path: path, headers: headers), at: now ?? self.now)
    }

    private func token(_ seconds: String = "60") throws -> String {
        let answer = ask("PUT", "/latest/api/token", ["x-aws-ec2-metadata-token-ttl-seconds": seconds])
        try #require(answer.status == 200)
        #expect(answer.headers["X-aws-ec2-metadata-token-ttl-seconds"] == seconds)
        return String(decoding: answer.body, as: UTF8.self)
    }

    private func get(_ path: String) throws -> String? {
        let answer = ask("GET", path, ["X-aws-ec2-metadata-token": try token()])
        return answer.status == 200 ? String(decoding: answer.body, as: UTF8.self) : nil
    }

    @Test func `says nothing without a token that is valid`() throws {
        #expect(ask("GET", "/latest/meta-data/ami-id").status == 401)
        #expect(ask("GET", "/latest/meta-data/ami-id", ["X-aws-ec2-metadata-token": "nonsense"]).status == 401)
        let token = try token()
        let headers: HeaderFields = ["X-aws-ec2-metadata-token": token]
        #expect(ask("GET", "/latest/meta-data/ami-id", headers, at: now + 59).status == 200)
        #expect(ask("GET", "/latest/meta-data/ami-id", headers, at: now + 60).status == 401)
        let later = "\(now + 9_999_999)" + token.drop { $0 != "-" }
        #expect(ask("GET", "/latest/meta-data/ami-id", ["X-aws-ec2-metadata-token": later]).status == 401)
    }

    @Test func `gives tokens for one second to six hours, and to no proxy`() throws {
        let name = "X-aws-ec2-metadata-token-ttl-seconds"
        for seconds in ["0", "21601", "-1", "x", ""] {
            #expect(ask("PUT", "/latest/api/token", [(name): seconds]).status == 400)
        }
        #expect(ask("PUT", "/latest/api/token").status == 400)
        #expect(ask("PUT", "/latest/api/token", [(name): "21600"]).status == 200)
        #expect(ask("PUT", "/latest/api/token", [(name): "60", "X-Forwarded-For": "10.0.0.1"]).status == 403)
        #expect(ask("PUT", "/latest/meta-data/ami-id", [(name): "60"]).status == 404)
        #expect(ask("POST", "/latest/api/token", [(name): "60"]).status == 405)
    }

    @Test func `lists folders as the service does`() throws {
        #expect(try get("/")?.split(separator: "\n").contains("latest") == true)
        #expect(try get("/latest/") == "dynamic/\nmeta-data/\nuser-data")
        let top = try #require(try get("/2021-03-23/meta-data/")).split(separator: "\n")
        #expect(top.contains("ami-id") && top.contains("network/") && top.contains("public-keys/"))
        #expect(try get("/latest/meta-data/public-keys/") == "0=key")
        #expect(try get("/latest/meta-data/public-keys/0/openssh-key") == "ssh-ed25519 AAAA me\n")
        #expect(try get("/latest/meta-data/nothing") == nil)
        #expect(try get("/tomorrow/meta-data/ami-id") == nil)
    }

    @Test func `has the values of one instance everywhere`() throws {
        #expect(try get("/latest/user-data") == "#!/bin/sh\n")
        let id = try #require(try get("/latest/meta-data/instance-id"))
        #expect(id.hasPrefix("i-") && id.utf8.count == 19)
        #expect(try get("/1.0/meta-data/placement/availability-zone") == "eu-west-1a")
        let mac = try #require(try get("/latest/meta-data/mac"))
        #expect(try get("/latest/meta-data/network/interfaces/macs/") == "\(mac)/")
        let document = try #require(try get("/latest/dynamic/instance-identity/document"))
        let json = try JSONValue.parse(Array(document.utf8))
        #expect(json["instanceId"] == .string(id) && json["region"] == .string("eu-west-1"))
        #expect(json["architecture"] == .string("x86_64"))
    }

    /// As EC2 User Guide, "AWS Regions and Zones" has them.
    @Test(arguments: [
        ("us-east-1", "use1-az1", "aws", "amazonaws.com"), ("ap-southeast-2", "apse2-az1", "aws", "amazonaws.com"),
        ("us-gov-west-1", "usgw1-az1", "aws-us-gov", "amazonaws.com"),
        ("cn-north-1", "cnn1-az1", "aws-cn", "amazonaws.com.cn"), ("eu-central-1", "euc1-az1", "aws", "amazonaws.com"),
    ]) func `says where it is, and how services are found there`(
        region: String,
        zone: String,
        partition: String,
        domain: String
    ) throws {
        let metadata = InstanceMetadata(
            of: Instance(of: Self.identity, region: region, architecture: "amd64"),
            userData: nil,
            publicKey: nil,
            secret: "secret"
        )
        let headers: HeaderFields = ["X-aws-ec2-metadata-token": try token()]
        func get(_ path: String) -> String {
            let request = PipeServer.Request(method: "GET", path: "/latest/meta-data/\(path)", headers: headers)
            return String(decoding: metadata.answer(request, at: now).body, as: UTF8.self)
        }
        #expect(get("placement/region") == region && get("placement/availability-zone") == region + "a")
        #expect(get("placement/availability-zone-id") == zone)
        #expect(get("services/partition") == partition && get("services/domain") == domain)
    }

    /// cloud-init reads all that is listed, and gives the whole up where one of it is not found.
    @Test func `has a document that nobody has signed, and lists no signature`() throws {
        let folder = "/latest/dynamic/instance-identity"
        #expect(try get(folder) == "document" && get(folder + "/") == "document")
        for name in ["signature", "pkcs7", "rsa2048"] { #expect(try get("\(folder)/\(name)") == nil) }
    }

    @Test func `has no role and no address that others reach`() throws {
        let mac = try #require(try get("/latest/meta-data/mac"))
        for path in [
            "iam/security-credentials/", "identity-credentials/ec2/security-credentials/ec2-instance", "public-ipv4",
            "network/interfaces/macs/\(mac)/vpc-ipv6-cidr-blocks",
        ] {
            #expect(try get("/latest/meta-data/\(path)") == nil)
        }
    }

    @Test func `has no userdata and no keys where none are given`() throws {
        let bare = InstanceMetadata(
            of: Instance(of: Self.identity, region: "eu-west-1", architecture: "arm64"),
            userData: nil,
            publicKey: nil,
            secret: "secret"
        )
        let headers: HeaderFields = ["X-aws-ec2-metadata-token": try token()]
        for path in ["user-data", "meta-data/public-keys/"] {
            #expect(bare.answer(.init(method: "GET", path: "/latest/\(path)", headers: headers), at: now).status == 404)
        }
    }

    @Test func `is the same from its document`() throws {
        let document = try JSONValue.parse(metadata.document.canonicalBytes)
        #expect(InstanceMetadata(document) == metadata)
        #expect(InstanceMetadata(.object([:])) == nil)
    }
}
