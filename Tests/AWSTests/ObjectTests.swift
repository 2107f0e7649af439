import AWS
import HTTPTransport
import Synchronization
import SystemIO
import TestSupport
import Testing

@Suite("Objects of S3") struct ObjectTests {
    private func bucket(_ bench: SessionBench, _ name: String = "bucket") -> S3 {
        S3(bench.session, region: "eu-west-1", bucket: name)
    }

    @Test func `a large one is sent in pieces, with the digest that it has, as often as it takes`() async throws {
        let bytes = Array("content".utf8)
        let body = LargeBody(length: 7, digest: Digester.digest(of: bytes)) {
            let rest = Pieces([Array(bytes[..<3]), Array(bytes[3...])])
            return { rest.next() }
        }
        let bench = SessionBench([.init(status: 503, body: "<Error><Code>SlowDown</Code></Error>"), .init(body: "")])
        try await bucket(bench).put("a folder/x+y.tar", body)
        #expect(bench.requests.count == 2)
        for request in bench.requests {
            #expect(request.address.text == "https://bucket.s3.eu-west-1.amazonaws.com/a%20folder/x%2By.tar")
            #expect(request.method == .put)
            #expect(request.headers["X-Amz-Content-SHA256"] == Digester.digest(of: bytes).hex)
            guard case .stream(7, let next) = request.body else {
                Issue.record("the body is no stream of 7 bytes")
                continue
            }
            var sent: [UInt8] = []
            while let piece = try await next() { sent += piece }
            #expect(sent == bytes)
        }
    }

    private final class Pieces: Sendable {
        private let rest: Mutex<[[UInt8]]>
        init(_ pieces: [[UInt8]]) { rest = Mutex(pieces) }
        func next() -> [UInt8]? { rest.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    }

    @Test func `a part of one is read, its end is nothing, and none is nil`() async throws {
        let bench = SessionBench([
            .init(status: 206, body: "part"), .init(status: 416, body: "<Error><Code>InvalidRange</Code></Error>"),
            .init(status: 404, body: "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>"),
        ])
        #expect(try await bucket(bench).get("k", from: 4, limit: 4) == Array("part".utf8))
        #expect(bench.requests.first?.headers["Range"] == "bytes=4-7")
        #expect(try await bucket(bench).get("k", from: 8, limit: 4) == [])
        #expect(try await bucket(bench).get("k", from: 0, limit: 4) == nil)
    }

    @Test func `lists are read to their end`() async throws {
        func page(_ key: String, _ rest: String) -> String {
            "<ListBucketResult><Contents><Key>\(key)</Key><Size>3</Size><LastModified>1970-01-02T00:00:00.000Z</LastModified>"
                + "</Contents>\(rest)</ListBucketResult>"
        }
        let more = "<IsTruncated>true</IsTruncated><NextContinuationToken>a+b=</NextContinuationToken>"
        let bench = SessionBench([
            .init(body: page("p/1", more)), .init(body: page("p/2", "<IsTruncated>false</IsTruncated>")),
            .init(body: "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"),
        ])
        let found = try await bucket(bench, "with.dot").objects(prefix: "p/")
        #expect(found.map(\.key) == ["p/1", "p/2"] && found.map(\.modified) == [86_400, 86_400])
        #expect(
            bench.requests.map(\.address.text) == [
                "https://s3.eu-west-1.amazonaws.com/with.dot/?list-type=2&prefix=p%2F",
                "https://s3.eu-west-1.amazonaws.com/with.dot/?list-type=2&prefix=p%2F&continuation-token=a%2Bb%3D",
            ]
        )
        #expect(try await bucket(bench).objects(prefix: "") == [])
        let denied = SessionBench([.init(status: 403, body: "<Error><Code>AccessDenied</Code></Error>")])
        let error = await #expect(throws: ServiceError.self) { try await bucket(denied).objects(prefix: "") }
        #expect(error?.fix == "allow 's3:ListBucket' to whoever these credentials are of")
    }

    @Test func `botocore signs the same addresses for whoever has no credentials`() async throws {
        let script = """
            import datetime, sys
            import botocore.auth
            from botocore.auth import S3SigV4QueryAuth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials
            class Clock(datetime.datetime):
                @classmethod
                def utcnow(cls): return cls(2023, 11, 14, 22, 13, 20)
                @classmethod
                def now(cls, tz=None): return cls(2023, 11, 14, 22, 13, 20, tzinfo=tz)
            botocore.auth.datetime.datetime = Clock
            if hasattr(botocore.auth, "get_current_datetime"):
                botocore.auth.get_current_datetime = lambda *a, **k: Clock.now()
            request = AWSRequest("GET", sys.argv[1])
            S3SigV4QueryAuth(Credentials("KEY1", "HUSH-secret", "HUSH-token"), "s3", "eu-west-1", expires=900).add_auth(request)
            print(request.url.split("X-Amz-Signature=")[1].split("&")[0])
            """
        let bench = SessionBench([.fine])
        let address = try await bucket(bench).presignedGet("bakes/a b+c=d/~01.tar", seconds: 900)
        #expect(bench.requests.isEmpty)
        let ours = try #require(address.query?.components(after: "X-Amz-Signature="))
        let plain = "https://bucket.s3.eu-west-1.amazonaws.com\(address.path)"
        let theirs = try await requireTool(pythonWithBotocore(), ["-c", script, plain])
        #expect(theirs.split(separator: "\n").first.map(String.init) == ours)
        #expect(!address.description.contains("Signature"))
    }
}

extension String {
    fileprivate func components(after mark: String) -> String? {
        guard let range = firstRange(of: mark) else { return nil }
        return String(self[range.upperBound...].prefix { $0 != "&" })
    }
}
