import AWS
import FakeAWS
import HTTPTransport
import Registry
import TestSupport
import Testing

@testable import Commands

@Suite("Registries of AWS") struct ECRTests {
    private let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"

    private struct Known: CredentialSource {
        let found: Credential?

        func credential(for names: [String]) -> Credential? { found }
    }

    private func session<Value>(
        _ environment: [String: String],
        _ body: (AWSSession) async throws -> Value
    ) async throws -> Value {
        try await WebClient.with(trust: .standard([:])) { client in
            try await body(AWSSession(environment: environment, profile: nil, carrier: client))
        }
    }

    @Test func `AWS lends the password that Docker does not know`() async throws {
        let aws = try await FakeAWS.start()
        try await session(aws.environment()) { session in
            let lent = try await ECRCredentials(known: AnonymousOnly(), session: session).credential(for: [host])
            guard case .basic(let user, let password)? = lent else {
                Issue.record("nothing is lent")
                return
            }
            #expect(user == "AWS" && aws.isRegistryPassword(password))
            // Whoever is logged in needs none, and nobody gets one for another registry.
            let own = Credential.basic(user: "me", password: "mine")
            let calls = aws.calls.count
            #expect(try await ECRCredentials(known: Known(found: own), session: session).credential(for: [host]) == own)
            let other = ECRCredentials(known: AnonymousOnly(), session: session)
            #expect(try await other.credential(for: ["registry.example.com", "\(host).example.com"]) == nil)
            #expect(aws.calls.count == calls)
        }
    }

    @Test func `without credentials of AWS either, it says so`() async throws {
        try await session(["AWS_EC2_METADATA_DISABLED": "true"]) { session in
            let error = await #expect(throws: RegistryError.self) {
                try await ECRCredentials(known: AnonymousOnly(), session: session).credential(for: [host])
            }
            #expect(error?.message == "there are no credentials for '\(host)'")
            #expect(error?.why?.contains("neither 'docker login' has left any, nor are there any for AWS") == true)
        }
    }

    @Test func `a repository that is missing is made once, with tags that never change`() async throws {
        let aws = try await FakeAWS.start()
        try await session(aws.environment()) { session in
            for _ in 0..<2 { try await ECRRepositories.make(["\(host)/shop/web"], project: "shop", session) }
        }
        let made = try #require(aws.repositories("eu-west-1").first)
        #expect(made.name == "shop/web" && made.mutability == "IMMUTABLE" && made.tags["ovenbird:project"] == "shop")
        #expect(aws.lines(onlyChanges: true) == ["ecr:CreateRepository"])
    }

    @Test(arguments: [
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com", "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
        "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
    ]) func `hosts that are one`(host: String) {
        #expect(ECRRegistry(host: host)?.account == "111122223333")
    }

    @Test(arguments: [
        "dkr.ecr.eu-west-1.amazonaws.com", "111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
        "111122223333.dkr.ecr.eu-west-1.example.com", "11112222333.dkr.ecr.eu-west-1.amazonaws.com", "localhost:5000",
        "public.ecr.aws", "111122223333.dkr.ecr.cn-north-1.amazonaws.com",
    ]) func `hosts that are none`(host: String) {
        #expect(ECRRegistry(host: host) == nil)
    }
}
