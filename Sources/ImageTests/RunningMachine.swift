import Bakefiles
import ContainerImages
import Glibc
import HTTPTransport
import MachineImages
import OCI
import Sandbox
import Store
import SystemIO
import SystemPackage

/// A machine image that boots on this computer, and runs a script that does what its tests ask for.
struct RunningMachine {
    let stored: StoredImage
    let project: String
    let name: String
    let store: ArtifactStore
    /// The executable that answers for the metadata service.
    let program: FilePath
    let environment: [String: String]
    /// How it boots; its userdata is what the machine finds before the script.
    var boot: MachineBoot

    /// Seconds that a machine may take until it runs its userdata, where no test says it.
    private static let bootLimit = 1200.0

    /// How each of the tests ends.
    func outcomes(of checks: [ImageTest.Check]) async throws -> [TimedOutcome] {
        var boot = boot
        boot.userData = MachineScript(checks).userData(behind: boot.userData)
        boot.search = environment["PATH"]
        let ports = Set(checks.compactMap { if case .http(let test) = $0 { test.port } else { nil } }).sorted()
        let disk = try MachineDisk(stored, project: project, name: name, in: store, environment: environment)
        var console: [String] = []
        let outcomes = try await WatchedBoot(boot, ports: ports).run(
            disk,
            identity: stored.identity,
            program: program,
            in: store,
            watch: { try await MachineWatch(checks: checks, machine: $0, bootLimit: Self.bootLimit).outcomes() },
            ended: { console = $0 }
        )
        guard let outcomes else {
            let failure = "the machine switched itself off before its tests were done"
            return checks.map { _ in (.failed([failure], output: console), 0) }
        }
        return outcomes.map { outcome in
            guard outcome.outcome == .failed([MachineWatch.noStart]) else { return outcome }
            return (.failed([MachineWatch.noStart], output: console), outcome.seconds)
        }
    }
}

/// Reads what a machine says of its tests, and asks for its pages.
struct MachineWatch: Sendable {
    let checks: [ImageTest.Check]
    let machine: WatchedBoot.Machine
    let bootLimit: Double

    static let noStart = "the machine did not come to run its userdata"

    /// Until all is answered, or nothing more can be expected.
    func outcomes() async throws -> [TimedOutcome] {
        let started = ContinuousClock.now
        @Sendable func elapsed() -> Double { started.duration(to: .now).inSeconds }
        while try !answers().contains(.begun) {
            guard elapsed() < bootLimit else { return checks.map { _ in (.failed([Self.noStart]), elapsed()) } }
            try await Task.sleep(for: .milliseconds(100))
        }
        let begun = elapsed()
        async let pages = pages(since: started)
        // Each test ends by itself; this is for a machine that does not go on.
        let limit = begun + checks.reduce(60) { $0 + $1.limit }
        var seen = try answers()
        while !seen.contains(.finished), elapsed() < limit {
            try await Task.sleep(for: .milliseconds(100))
            seen = try answers()
        }
        let asked = try await pages
        return checks.enumerated().map { index, check in
            switch check {
            case .command(let test): (test.outcome(index, seen), begun)
            case .port(let test): (test.outcome(index, seen), begun)
            case .http: asked[index] ?? (.failed(["it was not asked for"]), begun)
            case .boot(let test): (test.outcome(begun), begun)
            case .file, .package, .user, .unit: preconditionFailure("a \(check.kind) test needs no machine")
            }
        }
    }

    private func answers() throws -> [MachineScript.Answer] {
        try machine.lines().compactMap { MachineScript.Answer($0) }
    }

    private func pages(since started: ContinuousClock.Instant) async throws -> [Int: TimedOutcome] {
        let begun = ContinuousClock.now
        return try await WebClient.with(
            trust: TrustSettings(),
            timeouts: .init(connect: .seconds(5), idle: .seconds(20))
        ) { client in
            var outcomes: [Int: TimedOutcome] = [:]
            for (index, check) in checks.enumerated() {
                guard case .http(let test) = check, let port = machine.port(of: test.port) else { continue }
                while true {
                    let failure = try await test.page.failure(at: port, client)
                    if failure == nil || begun.duration(to: .now).inSeconds >= Double(test.limit) {
                        let seconds = started.duration(to: .now).inSeconds
                        outcomes[index] = (failure.map { .failed([$0]) } ?? .passed, seconds)
                        break
                    }
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            return outcomes
        }
    }
}

extension ImageTest.Check {
    /// Seconds that it may take.
    fileprivate var limit: Double {
        switch self {
        case .command(let test): Double(test.limit) + 5
        case .port(let test): Double(test.limit)
        case .http, .boot, .file, .package, .user, .unit: 0
        }
    }
}

extension CommandTest {
    fileprivate func outcome(_ index: Int, _ answers: [MachineScript.Answer]) -> TestResult.Outcome {
        for case .command(index, let status, let output) in answers {
            let failures =
                status == MachineScript.tookTooLong && self.status != Int64(status)
                ? [tookTooLong] : self.failures(status: status, output: output)
            return failures.isEmpty ? .passed : .failed(failures, output: output.lastLines)
        }
        return .failed(["the machine did not say how it ended"])
    }
}

extension BootTest {
    /// Of a machine that took so many seconds.
    func outcome(_ seconds: Double) -> TestResult.Outcome {
        if seconds <= Double(limit) { return .passed }
        return .failed(["the machine ran its userdata after \(Int(seconds.rounded(.up))) s, and not within \(limit) s"])
    }
}

extension PortTest {
    fileprivate func outcome(_ index: Int, _ answers: [MachineScript.Answer]) -> TestResult.Outcome {
        for case .port(index, let table) in answers {
            return ListeningPorts.failure(in: [table], number, isTCP: isTCP).map { .failed([$0]) } ?? .passed
        }
        return .failed(["the machine did not say who listens"])
    }
}
