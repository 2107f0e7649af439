import AWS
import Bakefiles
import FakeAWS
import HTTPTransport
import MachineImages
import Reporting
import Rollouts
import Store
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// `ovenbird register` inside of a test, by the clock of the fake: what takes hours is over in a moment.
struct ScenarioRun {
    let kitchen: Kitchen
    let aws: FakeAWS
    /// That of all runs with this fake.
    let time: PassedTime
    /// Nil for that of the kitchen.
    var store: FilePath?
    var patience: Duration?
    var workers = 64
    /// How many times faster time passes than it does, while no machine has anything to do; nil where there is none, and a
    /// wait takes no time at all.
    ///
    /// What a machine does takes as long as it takes on a busy computer, so meanwhile nothing is made faster.
    var haste: Int?
    /// Seconds by which it is later than it is.
    var ahead: Int64 = 0
    var timeouts = WebClient.Timeouts()
    /// What happens before a request is sent.
    var before: @Sendable (HTTPRequest) async throws -> Void = { _ in }
    let said = SaidLines()
    let sending = SendingCount()

    /// Registers all images of the Bakefile that have regions.
    func register() async throws -> RegisterRecipe.Outcome {
        try await with { recipe, targets in try await recipe.run(targets) }
    }

    /// What would be done with them.
    func preview() async throws -> RegistrationReport {
        try await with { recipe, targets in try await recipe.preview(targets) }
    }

    private func with<Value: Sendable>(
        _ body: @Sendable (RegisterRecipe, [RegisterRecipe.Target]) async throws -> Value
    ) async throws -> Value {
        let (read, diagnostics) = BakefileReader.read(
            file: "Bakefile",
            variablesFile: nil,
            settings: [:],
            environment: [:],
            currentFolder: kitchen.work.path
        )
        let bakefile = try #require(read, "\(diagnostics)")
        let store = try ArtifactStore.open(at: store ?? kitchen.store, mode: .readWrite)
        let release = try ReleaseArgument.of(bakefile, named: nil) { store }
        let targets = bakefile.images.compactMap { image in
            image.registering.map {
                RegisterRecipe.Target(image: image.name, settings: $0, builder: image.builder)
            }
        }
        let environment = aws.environment()
        defer { said.end() }
        return try await WebClient.with(trust: .standard(environment), timeouts: timeouts) { client in
            let session = AWSSession(
                environment: environment,
                profile: nil,
                carrier: Carrier(client: client, before: before, sending: sending),
                clock: clock
            )
            let said = said
            let recipe = RegisterRecipe(
                release: release,
                store: store,
                session: session,
                workers: workers,
                patience: patience,
                say: { said.add($0) }
            )
            return try await body(recipe, targets)
        }
    }

    /// The same where it has to succeed; what became of the image in each region.
    @discardableResult
    func registered() async throws -> [String: PlacedImage] {
        let outcome = try await register()
        try #require(outcome.failures.isEmpty, "\(failure(of: outcome).lines) \(said.lines.joined(separator: "\n"))")
        return Dictionary(uniqueKeysWithValues: outcome.placed.map { ($0.placed.region, $0.placed) })
    }

    /// How the command would have ended.
    func failure(of outcome: RegisterRecipe.Outcome) -> (status: Int32, lines: String) { failure(outcome.failures) }

    func failure(_ failures: [RegisterRecipe.Failure]) -> (status: Int32, lines: String) {
        let failure = RegisterRecipe.failure(failures)
        return (failure.status, failure.lines(.plain).joined(separator: "\n"))
    }

    private var clock: RetryClock {
        RetryClock(
            now: { [ahead] in RetryClock.system.now() + ahead },
            steady: { [time] in time.seconds },
            wait: { [aws, haste, time] pause in
                try Task.checkCancellation()
                let start = time.seconds
                if let haste {
                    let real = pause / (haste * time.hurry)
                    let isBusy = aws.isBusy
                    try await RetryClock.system.wait(real)
                    // This time the fake has seen pass.
                    if isBusy {
                        time.pass(until: start + real / .seconds(1))
                        return
                    }
                }
                // Others may have waited meanwhile, which is the same time.
                aws.clock.advance(seconds: time.pass(until: start + pause / .seconds(1)))
            },
            jitter: { 1 }
        )
    }

    private struct Carrier: RequestCarrier {
        let client: WebClient
        let before: @Sendable (HTTPRequest) async throws -> Void
        let sending: SendingCount

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            try await before(request)
            sending.change(by: 1)
            defer { sending.change(by: -1) }
            return try await client.send(request)
        }
    }
}

extension RegisterKitchen {
    var run: ScenarioRun { ScenarioRun(kitchen: kitchen, aws: aws, time: time) }
}

extension InstanceKitchen {
    var run: ScenarioRun { ScenarioRun(kitchen: kitchen, aws: aws, time: time, haste: 30) }
}

extension HTTPRequest {
    /// Whether it is this operation of a service that takes forms, in this region if that matters.
    func isCall(_ operation: String, in region: String? = nil) -> Bool {
        guard case .bytes(let body) = body, String(decoding: body, as: UTF8.self).contains("Action=\(operation)&")
        else {
            return false
        }
        return region.map { headers["Authorization"]?.contains("/\($0)/") == true } ?? true
    }
}

/// The time of all runs with one fake, which only waits make pass: two that wait at once wait for the same time.
final class PassedTime: Sendable {
    private let state = Mutex(0.0)
    private let factor = Mutex(1)

    /// How many times more haste there is than the run has from the beginning, as where no machine has anything to do.
    var hurry: Int {
        get { factor.withLock { $0 } }
        set { factor.withLock { $0 = newValue } }
    }

    var seconds: Double { state.withLock { $0 } }

    /// Gives how many whole seconds have passed.
    @discardableResult
    func pass(until end: Double) -> Int64 {
        state.withLock { passed in
            let now = max(passed, end)
            defer { passed = now }
            return Int64(now) - Int64(passed)
        }
    }
}

/// How many requests are on their way.
final class SendingCount: Sendable {
    private let state = Mutex((now: 0, most: 0))

    var most: Int { state.withLock { $0.most } }

    func change(by difference: Int) {
        state.withLock { state in
            state.now += difference
            state.most = max(state.most, state.now)
        }
    }
}

/// What a run says, for whoever waits for a certain line.
final class SaidLines: Sendable {
    private struct State {
        var lines: [String] = []
        var isOver = false
        var waiting: [(words: String, who: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var lines: [String] { state.withLock { $0.lines } }

    func add(_ line: String) {
        let ready = state.withLock { state in
            state.lines.append(line)
            defer { state.waiting.removeAll { line.contains($0.words) } }
            return state.waiting.filter { line.contains($0.words) }
        }
        for one in ready { one.who.resume() }
    }

    /// Nothing more will be said: nobody waits any longer.
    func end() {
        let left = state.withLock { state in
            state.isOver = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in left { one.who.resume() }
    }

    /// Returns once a line with these words was said, or nothing more is.
    func wait(for words: String) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                let isThere = state.isOver || state.lines.contains { $0.contains(words) }
                if !isThere { state.waiting.append((words, continuation)) }
                return isThere
            }
            if isThere { continuation.resume() }
        }
    }
}
