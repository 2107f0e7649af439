import OCI
package import SystemIO
import Synchronization

/// A registry on loopback that holds its clients to the distribution specification, and fails in the ways that a test
/// sets up.
package final class FakeRegistry: Sendable {
    package enum Protection: Sendable {
        case none
        case basic(user: String, password: String)
        /// Tokens from its own `/token`, for whom knows the password, which is the refresh token, too; each is good for
        /// `uses` requests, and for what was asked for. Of a public one anybody may read.
        case bearer(user: String, password: String, uses: Int, isPublic: Bool = false)
    }

    /// A way to fail: the first requests that it matches are answered so.
    package struct Fault: Sendable {
        package var matches: @Sendable (FakeRequest) -> Bool
        package var times: Int
        package var effect: Effect

        package init(times: Int = 1, _ effect: Effect, when matches: @escaping @Sendable (FakeRequest) -> Bool) {
            self.matches = matches
            self.times = times
            self.effect = effect
        }
    }

    package enum Effect: Sendable {
        /// Nothing else happens.
        case answer(FakeAnswer)
        /// What would have happened does, and the answer is changed.
        case change(@Sendable (inout FakeAnswer) -> Void)
        /// The connection breaks when so many bytes of the body have come; they are kept.
        case breakAfter(Int)
        /// Only so many bytes of the body are kept, and the answer says so.
        case takeOnly(Int)
    }

    struct State {
        var blobs: [String: [Digest: [UInt8]]] = [:]
        var manifests: [String: [String: (type: String, bytes: [UInt8])]] = [:]
        var uploads: [String: (repository: String, bytes: [UInt8])] = [:]
        var tokens: [String: Token] = [:]
        /// Rights that no token gets.
        var withheld: Set<String> = []
        var count = 0
        var faults: [Fault]
        var requests: [FakeRequest] = []
    }

    let protection: Protection
    /// Whether it has the referrers API, which registries before version 1.1 of the specification have not.
    let listsReferrers: Bool
    let state: Mutex<State>
    private let server = Mutex<FakeServer?>(nil)

    private init(_ protection: Protection, _ faults: [Fault], _ listsReferrers: Bool) {
        self.protection = protection
        self.listsReferrers = listsReferrers
        state = Mutex(State(faults: faults))
    }

    package static func start(
        _ protection: Protection = .none,
        faults: [Fault] = [],
        listsReferrers: Bool = true
    ) async throws -> FakeRegistry {
        let registry = FakeRegistry(protection, faults, listsReferrers)
        let server = try await FakeServer(
            breaksAfter: { [weak registry] in registry?.breakPoint($0) },
            answer: { [weak registry] in registry?.answer($0) ?? FakeAnswer(500) }
        )
        registry.server.withLock { $0 = server }
        return registry
    }

    package var authority: String { server.withLock { $0?.authority ?? "" } }

    /// Further ways to fail.
    package func add(_ fault: Fault) { state.withLock { $0.faults.append(fault) } }

    /// All requests, in the order in which they ended.
    package var requests: [FakeRequest] { state.withLock { $0.requests } }

    /// `METHOD PATH` of all requests.
    package var lines: [String] { requests.map { "\($0.method) \($0.path)" } }

    /// Names under which a repository has manifests, without the digests.
    package func tags(_ repository: String) -> [String] {
        state.withLock { ($0.manifests[repository] ?? [:]).keys.filter { Digest($0) == nil }.sorted() }
    }

    package func manifest(_ repository: String, _ name: String) -> [UInt8]? {
        state.withLock { $0.manifests[repository]?[name]?.bytes }
    }

    package func blob(_ repository: String, _ digest: Digest) -> [UInt8]? {
        state.withLock { $0.blobs[repository]?[digest] }
    }

    /// Gives nobody a right, as in `shop/web:delete`, from now on.
    package func withhold(_ right: String) { state.withLock { _ = $0.withheld.insert(right) } }

    /// The uploads that were opened and not ended.
    package var openUploads: Int { state.withLock { $0.uploads.count } }

    /// Puts content there as if somebody had pushed it; nothing is checked.
    package func put(_ bytes: [UInt8], blobOf repository: String, as digest: Digest? = nil) {
        let digest = digest ?? Digester.digest(of: bytes)
        state.withLock { $0.blobs[repository, default: [:]][digest] = bytes }
    }

    package func put(_ bytes: [UInt8], manifestOf repository: String, as names: [String], type: String) {
        state.withLock { state in
            let digest = Digester.digest(of: bytes).description
            for name in names + [digest] { state.manifests[repository, default: [:]][name] = (type, bytes) }
        }
    }

    package func remove(_ name: String, manifestOf repository: String) {
        state.withLock { $0.manifests[repository]?[name] = nil }
    }
}
