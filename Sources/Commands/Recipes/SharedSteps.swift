import Bakefiles
import Baking
import ContainerImages
import Diagnostics
import OCI
import Planning
import Registry
import Store
import Synchronization
import SystemIO

/// Results of steps that other machines made, and that other machines get.
///
/// A shared cache saves time and decides nothing: where it cannot be had, or has something wrong, there is a warning, and
/// the step runs here. A result that is wrong, or not whole, is passed over alone, and replaced by what the step made.
final class SharedSteps: Sendable {
    struct Places: Sendable {
        var from: [Reference] = []
        var to: Reference?
        /// The keys of which one has to have signed what is taken.
        var trusted: TrustedKeys?
        /// What signs what is put there.
        var key: SigningKey?

        var isEmpty: Bool { from.isEmpty && to == nil }
    }

    private struct State {
        var warnings: [Diagnostic] = []
        /// Caches that are not asked again in this run.
        var given: Set<Reference> = []
        /// Content keys under which a cache has something that could not be taken.
        var wrong: [Reference: Set<StepKey>] = [:]
        /// Results that a cache took, and did not have as they were.
        var failedPuts = 0
    }

    private let places: Places
    private let session: RegistrySession
    private let store: ArtifactStore
    private let architecture: String
    private let state = Mutex(State())

    init(_ places: Places, session: RegistrySession, store: ArtifactStore, architecture: String) {
        self.places = places
        self.session = session
        self.store = store
        self.architecture = architecture
    }

    var warnings: [Diagnostic] { state.withLock { $0.warnings } }

    /// What is known about a content key, without its layers.
    func look(_ key: StepKey) async throws -> FoundResult? {
        for place in places.from {
            let found = try await tolerating(place, key) { try await self.find(key, in: $0) }
            if let found = found ?? nil { return found }
        }
        return nil
    }

    /// Brings the result under a content key into the store; `parent` are the layers that the step starts from.
    @Sendable func find(_ key: StepKey, _ parent: [Digest]) async throws -> MadeLayers? {
        for place in places.from {
            let made = try await tolerating(place, key) { cache -> MadeLayers? in
                guard let found = try await self.find(key, in: cache) else { return nil }
                let imports = BaseImport(
                    store: self.store,
                    platform: Platform(architectureName: self.architecture),
                    name: "\(found.repository)@\(found.manifestDigest)",
                    place: nil
                )
                let layers = try await imports.result(found, over: parent)
                let resolution = try found.result.resolution.map { text in
                    guard let entry = try? Lock(reading: Array(text.utf8), name: "resolution").entries.first else {
                        throw RegistryError(.wrongContent, "'\(place)': what '\(key)' is made of cannot be read")
                    }
                    return entry
                }
                return MadeLayers(
                    layers: layers.map(\.digest),
                    config: found.result.baseConfig,
                    resolution: resolution
                )
            }
            if let made = made ?? nil { return made }
        }
        return nil
    }

    /// What a cache has under a content key, signed where it has to be.
    private func find(_ key: StepKey, in cache: SharedCache) async throws -> FoundResult? {
        guard let found = try await cache.find(key.digest) else { return nil }
        if let trusted = places.trusted {
            do {
                try await found.verify(by: trusted)
            } catch var error as RegistryError where error.kind == .notSigned {
                error.fix = "bake where the key is, with '--cache-key KEY', which puts a signed one in its place"
                throw error
            }
        }
        return found
    }

    /// Puts what the bake has, and the cache has not or has wrong, there; gives the number of results.
    func publish(_ bake: BakeResult) async throws -> Int {
        guard let place = places.to else { return 0 }
        var steps: [StepKey: LayeredImage.DoneStep] = [:]
        for image in bake.images + bake.failures.map(\.image) + bake.skipped {
            // What is known of an AMI, and what its machine gets, is found out faster than it is fetched.
            if image.image.sourceAMI != nil { continue }
            for step in image.steps where step.outcome.origin != .shared || places.from != [place] {
                steps[step.contentKey] = step
            }
        }
        let wanted = steps.sorted { $0.key.description < $1.key.description }.map(\.value)
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            var waiting = wanted[...]
            func startNext() {
                guard let step = waiting.popFirst() else { return }
                group.addTask {
                    try await self.tolerating(place, step.contentKey, putting: true) {
                        try await self.publish(step, to: $0, place)
                    } ?? false
                }
            }
            for _ in 0..<4 { startNext() }
            var count = 0
            while let isNew = try await group.next() {
                if isNew { count += 1 }
                startNext()
            }
            return count
        }
    }

    /// False where the cache has it already.
    private func publish(
        _ step: LayeredImage.DoneStep,
        to cache: SharedCache,
        _ place: Reference
    ) async throws -> Bool {
        let key = step.contentKey.digest
        // One that is not signed as it has to be is replaced, whoever put it there.
        let signers = places.key.map { TrustedKeys([$0.verificationKey] + (places.trusted?.keys ?? [])) }
        let isWrong = state.withLock { $0.wrong[place]?.contains(step.contentKey) ?? false }
        if !isWrong, try await cache.has(key, signedBy: signers) { return false }
        guard let result = try store.stepResult(contentKey: key) else { return false }
        // As a push has it by default, so that a layer is compressed once for both.
        let pack = LayerForm.standard.packing(in: store)
        var layers: [BlobSource] = []
        for digest in result.layers {
            guard let size = store.blobSize(digest) else { throw StoreError.blobMissing(digest) }
            layers.append(try await pack(ContentDescriptor(mediaType: .layer, digest: digest, size: size)))
        }
        let shared = SharedResult(
            contentKey: key,
            definitionKey: result.definitionKey,
            layers: result.layers,
            baseConfig: result.baseConfig,
            resolution: step.planned.isUnpinned ? step.resolution.map { Lock(entries: [$0]).text } : nil
        )
        return try await cache.publish(shared, layers: layers, signedWith: places.key)
    }

    /// Nil, and a warning, where the cache is to blame.
    ///
    /// It is not asked again where that would be no better; what is wrong with one result says nothing of the others,
    /// but where a second one cannot be put there it is the cache that is wrong.
    private func tolerating<Value: Sendable>(
        _ place: Reference,
        _ key: StepKey,
        putting: Bool = false,
        _ body: (SharedCache) async throws -> Value
    ) async throws -> Value? {
        if state.withLock({ $0.given.contains(place) }) { return nil }
        do {
            return try await body(SharedCache(session: session, reference: place))
        } catch let error as RegistryError {
            let diagnostic = error.diagnostic("the shared cache '\(place)' is passed over")
            let isOfOne = [.wrongContent, .notSigned].contains(error.kind) && !(putting && isSecondFailedPut())
            warn([diagnostic], place, wrong: isOfOne ? key : nil)
        } catch let error as InvalidInput {
            warn(error.diagnostics, place, wrong: key)
        }
        return nil
    }

    private func isSecondFailedPut() -> Bool {
        state.withLock { state in
            state.failedPuts += 1
            return state.failedPuts > 1
        }
    }

    /// `wrong` is the key whose result is to blame; nil where it is all of the cache.
    private func warn(_ diagnostics: [Diagnostic], _ place: Reference, wrong: StepKey?) {
        let warnings = diagnostics.map { diagnostic in
            var warning = diagnostic
            warning.severity = .warning
            return warning
        }
        state.withLock { state in
            let isGiven = state.given.contains(place)
            if let wrong { state.wrong[place, default: []].insert(wrong) } else { state.given.insert(place) }
            for warning in warnings where !isGiven && !state.warnings.contains(warning) {
                state.warnings.append(warning)
            }
        }
    }
}
