package import HTTPTransport
import OCI

/// The credentials of a run: found once, kept, and renewed before they end.
///
/// Credentials of the same place only are taken for renewal, so that no run goes on as somebody else. One caller at a time
/// gets new ones, however many ask.
package actor CredentialChain: CredentialProvider {
    private let search: CredentialSearch
    private let waiting = WaitingCallers()
    private var held: Credentials?
    private var place: CredentialSearch.Place?
    /// Until then, in seconds since 1970, credentials that are about to end are used as they are.
    private var calmUntil = Int64.min
    /// What the service took for ended.
    private var refused: Credentials?
    private var isRenewing = false

    /// Seconds before their end when credentials are renewed.
    private static let advisory: Int64 = 300
    /// Seconds before their end when they are not used any more without having been renewed.
    private static let mandatory: Int64 = 60
    /// Seconds between tries to renew what is still good.
    private static let calm: Int64 = 30

    /// `profile` is that of an option, which counts before the environment; nil leaves it to AWS_PROFILE.
    package init(
        environment: [String: String],
        profile: String?,
        carrier: any RequestCarrier,
        tokens: any SecurityTokenCalls,
        clock: RetryClock,
        redactor: Redactor,
        programPatience: Duration = .seconds(60)
    ) {
        search = CredentialSearch(
            variables: Variables(environment),
            askedProfile: profile,
            tokens: tokens,
            service: LocalService(carrier: carrier, clock: clock, redactor: redactor),
            programPatience: programPatience
        )
    }

    package func credentials() async throws -> Credentials {
        while true {
            try Task.checkCancellation()
            if let held, isFresh(held) { return held }
            guard isRenewing else { return try await renew() }
            if let held, secondsLeft(of: held) > Self.mandatory { return held }
            if let found = try await waiting.wait() { return found }
        }
    }

    /// Forgets credentials that a service took for ended: the next caller gets new ones.
    ///
    /// Nothing happens where they have been renewed since.
    package func invalidate(_ rejected: Credentials) {
        guard let held, held.isSameKey(as: rejected) else { return }
        refused = held
        self.held = nil
    }

    private func renew() async throws -> Credentials {
        isRenewing = true
        var result: Result<Credentials, any Error>
        do {
            result = .success(try await renewed())
        } catch {
            result = .failure(error)
        }
        isRenewing = false
        if case .failure = result, Task.isCancelled { result = .failure(CancellationError()) }
        if case .failure(is CancellationError) = result { waiting.release(nil) } else { waiting.release(result) }
        return try result.get()
    }

    private func renewed() async throws -> Credentials {
        do {
            let (found, place) = try await look()
            found.learnSecrets(search.redactor)
            try check(found)
            (held, self.place) = (found, place)
            calmUntil = search.clock.now() + Self.calm
            return found
        } catch let error as any ExplainedFailure {
            guard error.isTransient, let held, secondsLeft(of: held) > Self.mandatory else { throw error }
            calmUntil = search.clock.now() + min(Self.calm, secondsLeft(of: held) - Self.mandatory)
            return held
        }
    }

    private func look() async throws -> (Credentials, CredentialSearch.Place) {
        guard let place else { return try await search.find() }
        switch try await search.look(place) {
        case .found(let credentials): return (credentials, place)
        case .nothing(let reason, let isTransient):
            throw CredentialError(
                "the credentials of this run cannot be renewed",
                why: "\(search.title(of: place)): \(reason)",
                isTransient: isTransient
            )
        }
    }

    private func check(_ found: Credentials) throws(CredentialError) {
        if let refused, found.isSameKey(as: refused) {
            throw CredentialError(
                "the credentials from \(found.source) have ended, and there are no others",
                why: "AWS refused '\(found.accessKeyID)' as expired, and it is still what is there",
                fix: "get new ones, and start again"
            )
        }
        if let end = found.expiration, end <= search.clock.now() {
            throw CredentialError(
                "the credentials from \(found.source) have ended",
                why: "they were good until \(Timestamp.text(seconds: end)), and by this machine's clock it is "
                    + Timestamp.text(seconds: search.clock.now()),
                fix: "get new ones, or set the clock"
            )
        }
    }

    private func isFresh(_ credentials: Credentials) -> Bool {
        let left = secondsLeft(of: credentials)
        return left > Self.advisory || (left > 0 && search.clock.now() < calmUntil)
    }

    private func secondsLeft(of credentials: Credentials) -> Int64 {
        guard let end = credentials.expiration else { return .max }
        return end.subtractingReportingOverflow(search.clock.now()).partialValue
    }
}

extension CredentialChain: CustomReflectable {
    /// Shows nothing: all that is in it may be secret.
    package nonisolated var customMirror: Mirror { Mirror(self, children: [], displayStyle: .class) }
}
