import AWS
import FakeAWS
import HTTPTransport
import OCI
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
            try await aws.expectValidCalls()
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
        try await aws.expectValidCalls()
    }

    private func statements(_ bakefile: String) async throws -> [JSONValue] {
        let policy = try await Kitchen(bakefile).run("iam-policy")
        return try JSONValue.parse(Array(policy.utf8))["Statement"]?.arrayValue ?? []
    }

    /// What a statement of that name allows, and on what.
    private func statement(_ name: String, in all: [JSONValue]) -> (actions: JSONValue?, resources: JSONValue?) {
        let found = all.first { $0["Sid"]?.stringValue == name }
        return (found?["Action"], found?["Resource"])
    }

    @Test func `a policy allows to push, and elsewhere no more than to pull`() async throws {
        let all = try await statements(
            """
            bakefile: 1
            project: shop
            cache: { registry: \(host)/shop/cache }
            images:
              web:
                kind: docker
                from: { registry: "\(host)/base/debian:12" }
                push: [{ to: \(host)/shop/web, create: true }, registry.example.com/shop/web]
              job:
                kind: docker
                from: { image: web }
                push: [444455556666.dkr.ecr-fips.us-gov-west-1.amazonaws.com/job]
              again:
                kind: docker
                from: { registry: "\(host)/shop/web:1" }
              machine:
                kind: ami
                from: scratch
                steps:
                  - preload: { registry: "\(host)/side/car:1" }
                  - preload: { registry: "registry.example.com/side/car:1", as: [other:1] }
                disk: { size: 256MiB }
            """
        )
        let names = ["LogInToRegistries", "MakeRepositories", "Pull", "Push"]
        #expect(all.compactMap { $0["Sid"]?.stringValue } == names)
        #expect(all.allSatisfy { $0["Effect"] == "Allow" && $0["Condition"] == nil })
        let own = "arn:aws:ecr:eu-west-1:111122223333:repository"
        let job = "arn:aws-us-gov:ecr:us-gov-west-1:444455556666:repository/job"
        let logIn = statement("LogInToRegistries", in: all)
        #expect(logIn.actions == .strings(["ecr:GetAuthorizationToken"]) && logIn.resources == .strings(["*"]))
        let make = statement("MakeRepositories", in: all)
        #expect(make.actions == .strings(["ecr:CreateRepository", "ecr:DescribeRepositories", "ecr:TagResource"]))
        #expect(make.resources == .strings(["\(own)/shop/web"]))
        let push = statement("Push", in: all)
        #expect(
            push.actions
                == .strings([
                    "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
                ])
        )
        #expect(push.resources == .strings([job, "\(own)/shop/cache", "\(own)/shop/web"]))
        let pull = statement("Pull", in: all)
        #expect(
            pull.actions
                == .strings(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])
        )
        #expect(
            pull.resources
                == .strings(
                    [job] + ["base/debian", "shop/cache", "shop/web", "side/car"].map { "\(own)/\($0)" }
                )
        )
    }

    @Test func `a policy for what is only read, and beside AMIs`() async throws {
        let web = "web: { kind: docker, from: { registry: \"\(host)/base:12\" } }"
        let read = try await statements("bakefile: 1\nproject: shop\nimages:\n  \(web)\n")
        #expect(read.compactMap { $0["Sid"]?.stringValue } == ["LogInToRegistries", "Pull"])
        let ami = "ami: { kind: ami, from: scratch, disk: { size: 1GiB }, ami: { regions: [eu-west-1] } }"
        let both = try await statements("bakefile: 1\nproject: shop\nimages:\n  \(ami)\n  \(web)\n")
        #expect(both.compactMap { $0["Sid"]?.stringValue }.suffix(2) == ["LogInToRegistries", "Pull"])
        #expect(both.contains { $0["Sid"] == "Register" })
    }

    /// Every call of the API; what is spoken to the registry itself is not in its log.
    @Test func `the policy allows what is called, and each of its actions is called`() async throws {
        let aws = try await FakeAWS.start()
        try await session(aws.environment()) { session in
            _ = try await ECRCredentials(known: AnonymousOnly(), session: session).credential(for: [host])
            try await ECRRepositories.make(["\(host)/shop/web"], project: "shop", session)
        }
        try await aws.expectValidCalls()
        let push = "push: [{ to: \(host)/shop/web, create: true }]"
        let all = try await statements(
            "bakefile: 1\nproject: shop\nimages:\n  web: { kind: docker, from: scratch, \(push) }\n"
        )
        let ofAPI = all.filter { !["Pull", "Push"].contains($0["Sid"]?.stringValue) }
        let allowed = Set(ofAPI.flatMap { $0["Action"]?.arrayValue ?? [] }.compactMap(\.stringValue))
        // Tags come with what they are on.
        #expect(Set(aws.lines()) == allowed.subtracting(["ecr:TagResource"]) && allowed.contains("ecr:TagResource"))
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
