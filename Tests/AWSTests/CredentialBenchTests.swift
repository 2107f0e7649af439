import AWS
import HTTPTransport
import OCI
import Synchronization
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// What the tests of credentials have in common: a home folder, a scripted network, a security token service and a clock
/// that goes on when it is waited for.
///
/// Each secret here has `HUSH` in it, so that one search finds whatever shows one.
final class CredentialBench: RequestCarrier, SecurityTokenCalls {
    let folder: TemporaryFolder
    let redactor = Redactor()
    private let state = Mutex(State())

    static let start: Int64 = 1_700_000_000
    static let role = "arn:aws:iam::123456789012:role/baker"

    private struct State: Sendable {
        var now = CredentialBench.start
        var answers: [String: [Answer]] = [:]
        var requests: [HTTPRequest] = []
        var calls: [String] = []
        var tokenFailure: (any Error & Sendable)?
        var hook: (@Sendable () async throws -> Void)?
        var asked = 0
    }

    struct Answer: Sendable {
        var status: Int
        var body: String
    }

    init(_ folder: TemporaryFolder) { self.folder = folder }

    func chain(
        _ environment: [String: String] = [:],
        profile: String? = nil,
        patience: Duration = .seconds(600)
    ) -> CredentialChain {
        let home = folder.path.string
        return CredentialChain(
            environment: ["HOME": home, "PATH": "\(home)/bin:/usr/bin:/bin"].merging(environment) { $1 },
            profile: profile,
            carrier: self,
            tokens: self,
            clock: clock,
            redactor: redactor,
            programPatience: patience
        )
    }

    func config(_ text: String) throws { try folder.write(text, to: ".aws/config") }

    func credentials(_ text: String) throws { try folder.write(text, to: ".aws/credentials") }

    func program(_ name: String, _ script: String) throws {
        try folder.write("#!/bin/sh\n\(script)\n", to: "bin/\(name)", mode: 0o755)
    }

    // MARK: Time

    var clock: RetryClock {
        RetryClock(
            now: { self.now },
            steady: { Double(self.now) },
            wait: { pause in self.advance(pause.components.seconds) },
            jitter: { 0 }
        )
    }

    var now: Int64 { state.withLock { $0.now } }

    func advance(_ seconds: Int64) { state.withLock { $0.now += seconds } }

    // MARK: Network

    /// The next answer to `METHOD ADDRESS`; the last one is given again and again.
    func answer(_ request: String, _ status: Int, _ body: String) {
        state.withLock { $0.answers[request, default: []].append(Answer(status: status, body: body)) }
    }

    func forget(_ request: String) { state.withLock { $0.answers[request] = nil } }

    var requests: [HTTPRequest] { state.withLock { $0.requests } }

    /// `METHOD ADDRESS` of all that was sent.
    var lines: [String] { requests.map { "\($0.method.rawValue) \($0.address.text)" } }

    /// Nobody answers what no test has set up.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let key = "\(request.method.rawValue) \(request.address.text)"
        let (answer, hook) = state.withLock { state in
            state.requests.append(request)
            let known = state.answers[key] ?? []
            if known.count > 1 { state.answers[key]?.removeFirst() }
            return (known.first, state.hook)
        }
        try await hook?()
        guard let answer else { throw HTTPError(.timeout, request.address, "nobody answered in time") }
        return HTTPResponse(status: answer.status, headers: [:], body: .init(Array(answer.body.utf8)))
    }

    static let metadata = "http://169.254.169.254/latest"
    static let roles = "\(metadata)/meta-data/iam/security-credentials/"

    /// An instance with the role `baker`, whose keys end in so many seconds.
    func instance(key: String = "ASIAINSTANCE", endsIn seconds: Int64) {
        answer("PUT \(Self.metadata)/api/token", 200, "HUSH-metadata-token==\n")
        answer("GET \(Self.roles)", 200, "baker\n")
        instanceKeys(key, endsIn: seconds)
    }

    func instanceKeys(_ key: String, endsIn seconds: Int64) {
        forget("GET \(Self.roles)baker")
        answer("GET \(Self.roles)baker", 200, Self.document(key, "Token", end: now + seconds))
    }

    /// Credentials as services give them; programs call the token `SessionToken`.
    static func document(_ key: String, _ token: String, end: Int64) -> String {
        let time = "\"Expiration\": \"\(Timestamp.text(seconds: end))\""
        return "{\"Code\": \"Success\", \"Version\": 1, \"AccessKeyId\": \"\(key)\", "
            + "\"SecretAccessKey\": \"HUSH-secret-of-\(key)\", \"\(token)\": \"HUSH-token-of-\(key)\", \(time)}"
    }

    /// Lets no answer come before so many have asked, and have had the time to wait for it.
    func answerWhenAsked(by count: Int) {
        beforeAnswers { [unowned self] in
            while self.state.withLock({ $0.asked }) < count { await Task.yield() }
            for _ in 0..<1000 { await Task.yield() }
        }
    }

    /// Somebody is about to ask.
    func ask() { state.withLock { $0.asked += 1 } }

    // MARK: Security token service

    var calls: [String] { state.withLock { $0.calls } }

    func failTokenCalls(with error: (any Error & Sendable)?) { state.withLock { $0.tokenFailure = error } }

    /// Runs before each answer of the network and of the security token service.
    func beforeAnswers(_ hook: (@Sendable () async throws -> Void)?) { state.withLock { $0.hook = hook } }

    func assumeRole(_ role: RoleToAssume, signedWith signer: Credentials) async throws -> Credentials {
        try await assumed("\(Self.text(role)) by \(signer.accessKeyID)")
    }

    func assumeRoleWithWebIdentity(_ role: RoleToAssume, token: String) async throws -> Credentials {
        try await assumed("\(Self.text(role)) by web identity \(token)")
    }

    private static func text(_ role: RoleToAssume) -> String {
        let name = role.arn.split(separator: "/").last ?? ""
        return "\(name) as \(role.sessionName)" + (role.externalID.map { " for \($0)" } ?? "")
            + (role.durationSeconds.map { " for \($0) s" } ?? "")
    }

    private func assumed(_ call: String) async throws -> Credentials {
        let (count, failure, hook) = state.withLock { state in
            state.calls.append(call)
            return (state.calls.count, state.tokenFailure, state.hook)
        }
        try await hook?()
        if let failure { throw failure }
        return Credentials(
            accessKeyID: "ASIAROLE\(count)",
            secretAccessKey: "HUSH-role-secret-\(count)",
            sessionToken: "HUSH-role-token-\(count)",
            expiration: now + 3600,
            source: "the security token service"
        )
    }

    // MARK: Failures

    /// The text of the error that comes.
    func failure(_ chain: CredentialChain) async -> String {
        do {
            return "it gave \(try await chain.credentials())"
        } catch {
            return "\(error)"
        }
    }
}

extension TemporaryFolder {
    func read(_ name: String) throws -> [UInt8] { try Files.read(file(name)) }

    func exists(_ path: FilePath) -> Bool { Files.exists(path) }
}
