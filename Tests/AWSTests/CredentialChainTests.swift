import AWS
import HTTPTransport
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite struct CredentialChainTests {
    let folder: TemporaryFolder
    let bench: CredentialBench

    init() throws {
        folder = try TemporaryFolder()
        bench = CredentialBench(folder)
    }

    /// A profile whose role is assumed for an hour at a time.
    private func roleChain() throws -> CredentialChain {
        try bench.config(
            "[default]\nrole_arn = \(CredentialBench.role)\nsource_profile = keys\nrole_session_name = me\n"
                + "[profile keys]\naws_access_key_id = AKIAKEYS\naws_secret_access_key = HUSH-keys\n"
        )
        return bench.chain()
    }

    private struct Throttled: Error, Sendable, CustomStringConvertible {
        var description: String { "the service said no" }
    }

    private static let unreachable: HTTPError = {
        guard let address = WebAddress("https://sts.us-east-1.amazonaws.com/") else {
            preconditionFailure("an address")
        }
        return HTTPError(.timeout, address, "nobody answered in time")
    }()

    @Test func `keys that do not end are looked for once`() async throws {
        try bench.credentials("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = HUSH-file\n")
        let chain = bench.chain()
        let first = try await chain.credentials()
        try bench.credentials("[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = HUSH-file\n")
        bench.advance(1_000_000)
        #expect(try await chain.credentials() == first)
    }

    @Test func `credentials that end in the middle of a long wait are renewed before`() async throws {
        let chain = try roleChain()
        var seen: [String] = []
        // Three hours, looked at each minute, as a wait for an image is.
        for _ in 0..<180 {
            let found = try await chain.credentials()
            #expect(try #require(found.expiration) > bench.now + 60)
            if seen.last != found.accessKeyID { seen.append(found.accessKeyID) }
            try await bench.clock.wait(.seconds(60))
        }
        #expect(seen == ["ASIAROLE1", "ASIAROLE2", "ASIAROLE3", "ASIAROLE4"])
        #expect(bench.calls.count == 4)
    }

    @Test func `renews five minutes before the end and not sooner`() async throws {
        let chain = try roleChain()
        _ = try await chain.credentials()
        bench.advance(3299)
        #expect(try await chain.credentials().accessKeyID == "ASIAROLE1")
        bench.advance(1)
        #expect(try await chain.credentials().accessKeyID == "ASIAROLE2")
    }

    @Test func `however many ask, one gets new ones for all`() async throws {
        let chain = try roleChain()
        for round in 1...3 {
            bench.answerWhenAsked(by: 100 * round)
            let keys = try await withThrowingTaskGroup(of: String.self) { [bench] group in
                for _ in 0..<100 {
                    group.addTask {
                        bench.ask()
                        return try await chain.credentials().accessKeyID
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(keys == ["ASIAROLE\(round)"])
            #expect(bench.calls.count == round)
            bench.advance(3600)
        }
    }

    @Test func `all who wait hear of the failure`() async throws {
        let chain = try roleChain()
        bench.failTokenCalls(with: Self.unreachable)
        bench.answerWhenAsked(by: 20)
        let texts = await withTaskGroup(of: String.self) { [bench] group in
            for _ in 0..<20 {
                group.addTask {
                    bench.ask()
                    return await bench.failure(chain)
                }
            }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(
            texts == [
                "the role '\(CredentialBench.role)' of profile 'default' was not assumed\n"
                    + "  why: https://sts.us-east-1.amazonaws.com/: nobody answered in time"
            ]
        )
        #expect(bench.calls.count == 1)
    }

    @Test func `goes on with the old ones while they are good, and tries again later`() async throws {
        let chain = try roleChain()
        _ = try await chain.credentials()
        bench.failTokenCalls(with: Self.unreachable)
        bench.advance(3310)
        for _ in 0..<10 { #expect(try await chain.credentials().accessKeyID == "ASIAROLE1") }
        #expect(bench.calls.count == 2)
        bench.advance(30)
        #expect(try await chain.credentials().accessKeyID == "ASIAROLE1")
        #expect(bench.calls.count == 3)
        // 61 seconds before the end the old ones do, 60 seconds before it they do not.
        bench.advance(199)
        #expect(try await chain.credentials().accessKeyID == "ASIAROLE1")
        bench.advance(1)
        #expect(await bench.failure(chain).hasSuffix("nobody answered in time"))
        bench.failTokenCalls(with: nil)
        #expect(try await chain.credentials().accessKeyID == "ASIAROLE6")
    }

    @Test func `a failure that is not for a time is told at once`() async throws {
        let chain = try roleChain()
        _ = try await chain.credentials()
        bench.failTokenCalls(with: Throttled())
        bench.advance(3310)
        #expect(
            await bench.failure(chain)
                == "the role '\(CredentialBench.role)' of profile 'default' was not assumed\n  why: the service said no"
        )
    }

    @Test func `nobody waits for a renewal while the old ones are good`() async throws {
        let chain = try roleChain()
        _ = try await chain.credentials()
        bench.advance(3310)
        let isHeld = Mutex(true)
        bench.beforeAnswers {
            while isHeld.withLock({ $0 }) {
                try Task.checkCancellation()
                await Task.yield()
            }
        }
        async let renewed = chain.credentials()
        while bench.calls.count < 2 { await Task.yield() }
        #expect(try await chain.credentials().accessKeyID == "ASIAROLE1")
        isHeld.withLock { $0 = false }
        #expect(try await renewed.accessKeyID == "ASIAROLE2")
    }

    @Test func `who is cancelled does not take the others along`() async throws {
        let chain = try roleChain()
        let isHeld = Mutex(true)
        bench.beforeAnswers {
            while isHeld.withLock({ $0 }) {
                try Task.checkCancellation()
                await Task.yield()
            }
        }
        let first = Task { try await chain.credentials() }
        while bench.calls.isEmpty { await Task.yield() }
        let second = Task { try await chain.credentials() }
        let third = Task { try await chain.credentials() }
        first.cancel()
        third.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        await #expect(throws: CancellationError.self) { try await third.value }
        isHeld.withLock { $0 = false }
        #expect(try await second.value.accessKeyID == "ASIAROLE2")
    }

    @Test func `what a service took for ended is not used again`() async throws {
        let chain = try roleChain()
        let first = try await chain.credentials()
        await chain.invalidate(first)
        let second = try await chain.credentials()
        #expect(second.accessKeyID == "ASIAROLE2")
        // A late answer to a request that was signed with the first changes nothing.
        await chain.invalidate(first)
        #expect(try await chain.credentials() == second)
        #expect(bench.calls.count == 2)
    }

    @Test func `keys that were renewed in their file are taken after they had ended`() async throws {
        let keys = { (key: String) in
            "[default]\naws_access_key_id = \(key)\naws_secret_access_key = HUSH-f\naws_session_token = HUSH-t\n"
        }
        try bench.credentials(keys("ASIAONE"))
        let chain = bench.chain()
        let first = try await chain.credentials()
        await chain.invalidate(first)
        let source = "profile 'default' (keys in '\(folder.path)/.aws/credentials')"
        #expect(
            await bench.failure(chain) == """
                the credentials from \(source) have ended, and there are no others
                  why: AWS refused 'ASIAONE' as expired, and it is still what is there
                  fix: get new ones, and start again
                """
        )
        try bench.credentials(keys("ASIATWO"))
        #expect(try await chain.credentials().accessKeyID == "ASIATWO")
    }

    @Test func `a run does not go on as somebody else`() async throws {
        bench.instance(endsIn: 3600)
        let chain = bench.chain()
        #expect(try await chain.credentials().accessKeyID == "ASIAINSTANCE")
        try bench.credentials("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = HUSH-file\n")
        bench.advance(3400)
        bench.instanceKeys("ASIASECOND", endsIn: 3600)
        #expect(try await chain.credentials().accessKeyID == "ASIASECOND")
        bench.advance(3550)
        bench.forget("PUT \(CredentialBench.metadata)/api/token")
        #expect(
            await bench.failure(chain) == """
                the credentials of this run cannot be renewed
                  why: the instance: http://169.254.169.254/latest/api/token: nobody answered in time
                """
        )
    }
}
