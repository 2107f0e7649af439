import AWS
import HTTPTransport
import OCI
import TestSupport
import Testing

/// Source of the vectors: AWS Signature Version 4 test suite, and the worked examples of the Amazon S3 API Reference.
@Suite("Signatures")
struct SigningTests {
    private let suite = RequestSigner(
        credentials: Credentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            source: "a test"
        ),
        region: "us-east-1",
        service: "service",
        time: 1_440_938_160
    )

    private let objects = RequestSigner(
        credentials: Credentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            source: "a test"
        ),
        region: "us-east-1",
        service: "s3",
        time: 1_369_353_600
    )

    private func signature(
        _ method: HTTPMethod,
        _ path: String,
        headers: HeaderFields = [:],
        body: String = ""
    ) throws -> String {
        let address = try #require(WebAddress("https://example.amazonaws.com\(path)"))
        var request = HTTPRequest(method, address, headers: headers, body: .bytes(Array(body.utf8)))
        suite.sign(&request, payload: .bytes(Array(body.utf8)), saysPayload: false)
        let header = try #require(request.headers["Authorization"])
        #expect(header.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "))
        return String(try #require(header.split(separator: "=").last))
    }

    @Test("the published vectors")
    func vectors() throws {
        #expect(try signature(.get, "/") == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
        #expect(try signature(.post, "/") == "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")
        #expect(
            try signature(.get, "/?Param2=value2&Param1=value1")
                == "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        )
        #expect(
            try signature(.get, "/?%E1%88%B4=bar")
                == "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"
        )
        #expect(
            try signature(
                .post,
                "/",
                headers: ["Content-Type": "application/x-www-form-urlencoded"],
                body: "Param1=value1"
            ) == "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        )
    }

    @Test("an object, by header and by query")
    func object() throws {
        let address = try #require(WebAddress("https://examplebucket.s3.amazonaws.com/test.txt"))
        var request = HTTPRequest(.get, address, headers: ["Range": "bytes=0-9"])
        objects.sign(&request, payload: .bytes([]))
        let header = try #require(request.headers["Authorization"])
        #expect(header.hasSuffix("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"))
        #expect(header.contains("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"))
        let presigned = objects.presigned(.get, address, seconds: 86_400)
        #expect(
            presigned.query?.hasSuffix(
                "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
            ) == true
        )
    }

    @Test("botocore signs the same requests in the same way")
    func botocore() async throws {
        let script = """
            import datetime, json, sys
            from botocore.auth import SigV4Auth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials
            import botocore.auth
            class Clock(datetime.datetime):
                @classmethod
                def utcnow(cls): return cls(2026, 11, 28, 1, 2, 3)
                @classmethod
                def now(cls, tz=None): return cls(2026, 11, 28, 1, 2, 3, tzinfo=tz)
            botocore.auth.datetime.datetime = Clock
            if hasattr(botocore.auth, "get_current_datetime"):
                botocore.auth.get_current_datetime = lambda *a, **k: Clock(2026, 11, 28, 1, 2, 3)
            for case in json.loads(sys.argv[1]):
                request = AWSRequest(case["method"], case["url"], headers=case["headers"], data=case["body"].encode())
                SigV4Auth(Credentials("AKID", "secret/key", case["token"]), case["service"], "eu-west-1").add_auth(request)
                print(request.headers["Authorization"].split("Signature=")[1])
            """
        let cases: [(service: String, method: HTTPMethod, url: String, headers: HeaderFields, body: String)] = [
            ("ec2", .post, "https://ec2.eu-west-1.amazonaws.com/", ["Content-Type": "a/b;  c=x"], "Action=A&B=%2F"),
            ("ebs", .post, "https://ebs.eu-west-1.amazonaws.com/snapshots", [:], "{\"a\":1}"),
            ("ebs", .get, "http://127.0.0.1:8080/snapshots/snap-1/blocks?maxResults=100&pageToken=a%2Bb%3D", [:], ""),
            ("ssm", .post, "https://ssm.eu-west-1.amazonaws.com/", ["X-Amz-Target": "AmazonSSM.GetParameter"], "{}"),
            ("ebs", .get, "https://ebs.eu-west-1.amazonaws.com/a%20b/c~d", [:], ""),
        ]
        for token in [nil, "session/token=="] as [String?] {
            var ours: [String] = []
            var described: [JSONValue] = []
            for item in cases {
                let address = try #require(WebAddress(item.url))
                var request = HTTPRequest(item.method, address, headers: item.headers)
                let signer = RequestSigner(
                    credentials: Credentials(
                        accessKeyID: "AKID",
                        secretAccessKey: "secret/key",
                        sessionToken: token,
                        source: "a test"
                    ),
                    region: "eu-west-1",
                    service: item.service,
                    time: 1_795_827_723
                )
                signer.sign(&request, payload: .bytes(Array(item.body.utf8)), saysPayload: false)
                ours.append(String(try #require(request.headers["Authorization"]?.split(separator: "=").last)))
                let headers = Dictionary(uniqueKeysWithValues: item.headers.fields.map { ($0.name, $0.value) })
                described.append(
                    .object([
                        "method": .string(item.method.rawValue), "url": .string(item.url), "body": .string(item.body),
                        "service": .string(item.service), "headers": .strings(headers),
                        "token": token.map(JSONValue.string) ?? .null,
                    ])
                )
            }
            let theirs = try await requireTool(
                pythonWithBotocore(),
                ["-c", script, JSONValue.array(described).canonicalText]
            )
            #expect(theirs.split(separator: "\n").map(String.init) == ours)
        }
    }
}
