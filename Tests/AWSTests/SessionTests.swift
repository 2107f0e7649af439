import AWS
import HTTPTransport
import SystemIO
import Testing

@Suite("Calls") struct SessionTests {
    @Test func `go to the region's endpoint, signed, with all that the service asks for`() async throws {
        let bench = SessionBench([.fine])
        #expect(try await bench.start() == "snap-1")
        let request = try #require(bench.requests.first)
        #expect(request.address.text == "https://ebs.eu-west-1.amazonaws.com/snapshots")
        #expect(request.headers["Authorization"]?.contains("/eu-west-1/ebs/aws4_request") == true)
        #expect(request.headers["X-Amz-Security-Token"] == "HUSH-token")
    }

    @Test(arguments: ["RequestThrottledException", "ConcurrentLimitExceededException"])
    func `throttling is waited out, however often it comes`(code: String) async throws {
        let throttled = SessionBench.Answer.refusal(code)
        let bench = SessionBench(Array(repeating: throttled, count: 40) + [.fine])
        #expect(try await bench.start() == "snap-1")
        #expect(bench.waits.count == 40)
        #expect(bench.waits[0] < bench.waits[3] && (bench.waits.max() ?? .zero) <= .seconds(20))
    }

    @Test func `what is transient is tried again a few times, then told`() async throws {
        let bench = SessionBench([.refusal("InternalServerException", status: 500)])
        let error = await #expect(throws: ServiceError.self) { try await bench.start() }
        #expect(bench.requests.count == 5)
        #expect(
            error?.description == "ebs:StartSnapshot in eu-west-1: InternalServerException: no [A_REASON]"
        )
        let good = SessionBench([.refusal("InternalServerException", status: 500), .fine])
        #expect(try await good.start() == "snap-1")
    }

    /// Of the refusals with this code it is the only one that AWS documents as one to repeat.
    @Test(arguments: [("Failed to read block data", 5), ("A block has 524288 bytes", 1)])
    func `a block that the service could not read is put again`(message: String, count: Int) async throws {
        var answer = SessionBench.Answer.refusal("ValidationException")
        answer.body = "{\"message\": \"\(message)\", \"Reason\": \"INVALID_BLOCK\"}"
        let bench = SessionBench([answer])
        let error = await #expect(throws: ServiceError.self) {
            try await EBS(bench.session, region: "eu-west-1").put(
                BodyBuffer(),
                digest: Digester.digest(of: "x"),
                at: 7,
                of: "snap-1"
            )
        }
        #expect(bench.requests.count == count)
        #expect(error?.description.hasSuffix("ValidationException: \(message) [INVALID_BLOCK]") == true)
        // Nor does it say anything of other calls.
        let other = SessionBench([answer])
        await #expect(throws: ServiceError.self) { try await other.start() }
        #expect(other.requests.count == 1)
    }

    @Test func `a status that is not known is none`() async throws {
        for (body, status) in [
            (#"{"SnapshotId": "snap-1", "Status": "error"}"#, EC2.Snapshot.State.error),
            (#"{"SnapshotId": "snap-1", "Status": "unheard-of"}"#, nil), (#"{"SnapshotId": "snap-1"}"#, nil),
        ] {
            let session = SessionBench([.init(body: body)]).session
            let new = EBS.NewSnapshot(volumeSize: 1, parent: nil, key: nil, description: "d", tags: [], token: "t")
            let started = try await EBS(session, region: "eu-west-1").start(new)
            #expect(started.id == "snap-1" && started.status == status)
        }
    }

    @Test func `a mistake is told at once, and whom to ask`() async throws {
        let bench = SessionBench([.refusal("AccessDeniedException", status: 403)])
        let error = await #expect(throws: ServiceError.self) { try await bench.start() }
        #expect(bench.requests.count == 1)
        #expect(error?.fix == "allow 'ebs:StartSnapshot' to whoever these credentials are of")
    }

    @Test func `credentials at their end are renewed once`() async throws {
        let expired = SessionBench.Answer.refusal("ExpiredTokenException")
        let bench = SessionBench([expired, .fine])
        #expect(try await bench.start() == "snap-1")
        #expect(bench.rejected == ["KEY1"])
        #expect(bench.requests.last?.headers["Authorization"]?.contains("Credential=KEY2/") == true)
        let hopeless = SessionBench([expired])
        await #expect(throws: ServiceError.self) { try await hopeless.start() }
        #expect(hopeless.requests.count == 2)
    }

    @Test func `a wrong clock is corrected by the service's`() async throws {
        // An hour ahead of ours.
        let date = "Tue, 14 Nov 2023 23:13:20 GMT"
        let bench = SessionBench([.refusal("InvalidSignatureException", status: 403, date: date), .fine])
        #expect(try await bench.start() == "snap-1")
        #expect(bench.requests.map { $0.headers["X-Amz-Date"] } == ["20231114T221320Z", "20231114T231320Z"])
        // Where both agree, the credentials are wrong.
        let now = "Tue, 14 Nov 2023 22:13:20 GMT"
        let wrong = SessionBench([.refusal("InvalidSignatureException", status: 403, date: now)])
        await #expect(throws: ServiceError.self) { try await wrong.start() }
        #expect(wrong.requests.count == 1)
    }

    @Test func `a snapshot that is not known yet is waited for, and not for ever`() async throws {
        let unknown = SessionBench.Answer.refusal("ResourceNotFoundException", status: 404)
        let bench = SessionBench([unknown])
        let error = await #expect(throws: ServiceError.self) {
            try await EBS(bench.session, region: "eu-west-1").complete("snap-1", digests: [])
        }
        #expect(error?.code == "ResourceNotFoundException")
        #expect((5...150).contains(bench.requests.count))
    }

    @Test func `no error shows what is secret`() async throws {
        var answer = SessionBench.Answer.refusal("InvalidSignatureException", status: 403)
        answer.body = "{\"message\": \"the token was HUSH-token\"}"
        let bench = SessionBench([answer])
        let redactor = Redactor()
        redactor.learn("HUSH-token")
        let session = AWSSession(
            carrier: bench,
            credentials: bench,
            endpoints: Endpoints(environment: [:]),
            clock: bench.clock,
            redactor: redactor
        )
        let error = await #expect(throws: ServiceError.self) {
            try await EBS(session, region: "eu-west-1").complete("snap-1", digests: [])
        }
        let text = try #require(error.map { "\($0) \(String(reflecting: $0))" })
        #expect(text.contains("the token was ***") && !text.contains("HUSH"))
        // A message that is cut in the middle of the secret shows no half of it.
        answer.body = "{\"message\": \"\(String(repeating: "x", count: 295))HUSH-token\"}"
        let long = SessionBench([answer])
        let other = AWSSession(
            carrier: long,
            credentials: long,
            endpoints: Endpoints(environment: [:]),
            clock: long.clock,
            redactor: redactor
        )
        let cut = await #expect(throws: ServiceError.self) {
            try await EBS(other, region: "eu-west-1").complete("snap-1", digests: [])
        }
        #expect(cut.map { $0.message.contains("HUSH") } == false)
    }
}

@Suite("Endpoints") struct EndpointTests {
    private func text(_ region: String, _ environment: [String: String] = [:]) throws -> String {
        try Endpoints(environment: environment).address(of: .ec2, in: region).text
    }

    @Test func `are those of the partition, or of the environment`() throws {
        #expect(try text("eu-west-1") == "https://ec2.eu-west-1.amazonaws.com/")
        #expect(try text("cn-north-1") == "https://ec2.cn-north-1.amazonaws.com.cn/")
        #expect(
            try text("us-gov-west-1", ["AWS_USE_FIPS_ENDPOINT": "true"])
                == "https://ec2.us-gov-west-1.amazonaws.com/"
        )
        #expect(try text("eu-west-1", ["AWS_ENDPOINT_URL": "http://127.0.0.1:5000"]) == "http://127.0.0.1:5000/")
        let both = ["AWS_ENDPOINT_URL": "http://127.0.0.1:5000", "AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:6000/x"]
        #expect(try text("eu-west-1", both) == "http://127.0.0.1:6000/x")
        let ignored = both.merging(["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) { $1 }
        #expect(try text("eu-west-1", ignored) == "https://ec2.eu-west-1.amazonaws.com/")
        let error = #expect(throws: EndpointError.self) { try text("eu-west-1", ["AWS_ENDPOINT_URL_EC2": "here"]) }
        #expect(error?.description == "AWS_ENDPOINT_URL_EC2 is no address without a query: 'here'")
    }
}

@Suite("Waits") struct WaiterTests {
    private let bench = SessionBench([.fine])

    private func wait(_ looks: [Waiter.Look<Int>], patience: Duration = .seconds(600), agreeing: Int = 1) async throws
        -> (value: Int, looks: Int)
    {
        var rest = looks[...]
        var count = 0
        let value = try await Waiter(patience: patience, agreeing: agreeing, clock: bench.clock)
            .wait(for: "it", say: { _ in }) {
                count += 1
                return rest.count > 1 ? rest.removeFirst() : rest[rest.startIndex]
            }
        return (value, count)
    }

    @Test func `end when it is done, as often in turn as they have to agree`() async throws {
        #expect(try await wait([.pending("is not"), .done(3)]) == (3, 2))
        #expect(try await wait([.done(1), .pending("is not"), .done(2), .done(2)], agreeing: 2) == (2, 4))
    }

    @Test func `end with their patience, and say so`() async throws {
        let error = await #expect(throws: WaitEnded.self) {
            try await wait([.pending("is pending")], patience: .seconds(100))
        }
        #expect(error.map { $0.description.hasPrefix("it is pending after 10") } == true)
    }

    @Test func `do not go on for what nothing is known of`() async throws {
        let error = await #expect(throws: WaitEnded.self) {
            try await wait([.unknown("is not known")], patience: .seconds(100_000))
        }
        #expect(error.map { $0.description.hasPrefix("it is not known after 3") } == true)
        // Since it was seen last.
        let looks = Array(repeating: Waiter.Look<Int>.unknown("is not known"), count: 15)
        #expect(try await wait(looks + [.pending("is pending")] + looks + [.done(1)]).value == 1)
        await #expect(throws: WaitEnded.self) { try await wait(looks + looks + looks + looks + [.done(1)]) }
    }
}
