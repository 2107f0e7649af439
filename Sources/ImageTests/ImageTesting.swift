package import Bakefiles
package import Baking
package import ContainerImages
import FoundationEssentials
package import MachineImages
import OCI
package import Store
import SystemIO
package import SystemPackage

/// Tests images: by what is in their layers, and by what happens when they run.
package struct ImageTesting: Sendable {
    let store: ArtifactStore
    /// The program that runs as `sandbox-worker`.
    let worker: FilePath
    let project: String
    let environment: [String: String]

    package init(store: ArtifactStore, project: String, worker: FilePath, environment: [String: String]) {
        self.store = store
        self.project = project
        self.worker = worker
        self.environment = environment
    }

    /// Counts the changes of what a test means.
    private static let form = 1

    /// Tests an image that a bake has finished; the results are in the order of its tests.
    ///
    /// `userData` is what a machine finds besides the tests. What the image has passed before is not run again, for neither
    /// image nor test can have changed. Throws where a test cannot be run at all.
    package func run(_ image: LayeredImage, userData: [UInt8]?) async throws -> [TestResult] {
        let tests = image.image.tests
        guard !tests.isEmpty, let finished = image.finished else { return [] }
        let keys = try tests.map { try Self.key(of: $0.check, userData: userData) }
        let passed = try await BlockingPool.shared.run { [store] in try store.passedTests(of: finished.identity) }
        var ended: [Int: TimedOutcome] = [:]
        for index in tests.indices where passed.contains(keys[index]) { ended[index] = (.remembered, 0) }
        let open = tests.indices.filter { ended[$0] == nil }
        if !open.isEmpty {
            let stored = try await BlockingPool.shared.run { [store] in
                try StoredImage(manifest: finished.manifest, in: store)
            }
            let still = open.filter { !tests[$0].check.isLive }
            let answers = try await BlockingPool.shared.run { [store] in
                var image = try StillImage(stored, layers: image.layers, in: store)
                return try image.outcomes(of: still.map { tests[$0].check })
            }
            for (index, answer) in zip(still, answers) { ended[index] = answer }
            let live = open.filter { tests[$0].check.isLive }
            if !live.isEmpty {
                let answers = try await outcomes(of: live.map { tests[$0].check }, image, stored, userData)
                for (index, answer) in zip(live, answers) { ended[index] = answer }
            }
        }
        let results = tests.indices.compactMap { index in
            ended[index].map {
                TestResult(image: image.name, test: tests[index], outcome: $0.outcome, seconds: $0.seconds)
            }
        }
        let new = zip(keys, results).filter { $1.outcome == .passed }.map(\.0)
        try await BlockingPool.shared.run { [store] in try store.recordPassedTests(new, of: finished.identity) }
        return results
    }

    /// How live tests end.
    private func outcomes(
        of checks: [ImageTest.Check],
        _ image: LayeredImage,
        _ stored: StoredImage,
        _ userData: [UInt8]?
    ) async throws -> [TimedOutcome] {
        guard stored.isMachine else {
            return try await RunningImage(stored, layers: image.layers, store: store, worker: worker).outcomes(
                of: checks
            )
        }
        var boot = MachineBoot()
        boot.userData = userData
        return try await machine(stored, named: image.name, boot).outcomes(of: checks)
    }

    /// Boots a machine image in a way for those of its tests that need it, whether or not it has passed them before.
    ///
    /// The results are in the order of the tests, and nobody remembers them. Throws where a test cannot be run at all.
    package func run(_ tests: [ImageTest], of image: StoredImage, named name: String, booting boot: MachineBoot)
        async throws -> [TestResult]
    {
        let live = tests.filter(\.check.isLive)
        let ended = try await machine(image, named: name, boot).outcomes(of: live.map(\.check))
        return zip(live, ended).map { test, ended in
            TestResult(image: name, test: test, outcome: ended.outcome, seconds: ended.seconds)
        }
    }

    private func machine(_ stored: StoredImage, named name: String, _ boot: MachineBoot) -> RunningMachine {
        RunningMachine(
            stored: stored,
            project: project,
            name: name,
            store: store,
            program: worker,
            environment: environment,
            boot: boot
        )
    }

    /// What a test is, whatever it is called.
    private static func key(of check: ImageTest.Check, userData: [UInt8]?) throws -> Digest {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let given = check.isLive ? userData.map { Digester.digest(of: $0).hex } ?? "" : ""
        return Digester.digest(of: Array("\(form) \(given) ".utf8) + Array(try encoder.encode(check)))
    }
}
