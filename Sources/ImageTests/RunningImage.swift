package import Bakefiles
import Baking
import ContainerImages
import Glibc
package import HTTPTransport
import OCI
import Sandbox
import Store
import SystemIO
import SystemPackage

/// A container image whose programs run, in sandboxes without a network.
///
/// Each command has a container of its own; ports and pages are those of the image's own program, in one container.
struct RunningImage {
    private let stored: StoredImage
    private let layers: [Digest]
    private let store: ArtifactStore
    private let worker: FilePath

    init(_ stored: StoredImage, layers: [Digest], store: ArtifactStore, worker: FilePath) {
        self.stored = stored
        self.layers = layers
        self.store = store
        self.worker = worker
    }

    /// How each of the tests ends.
    func outcomes(of checks: [ImageTest.Check]) async throws -> [TimedOutcome] {
        var outcomes: [Int: TimedOutcome] = [:]
        var asked: [(index: Int, probe: ServiceProbe)] = []
        for (index, check) in checks.enumerated() {
            switch check {
            case .command(let test): outcomes[index] = try await outcome(of: test)
            default: if let probe = check.probe { asked.append((index, probe)) }
            }
        }
        if !asked.isEmpty {
            for (one, outcome) in zip(asked, try await self.outcomes(of: asked.map(\.probe))) {
                outcomes[one.index] = outcome
            }
        }
        return checks.indices.compactMap { outcomes[$0] }
    }

    private static let outputLimit: Int64 = 4 << 20

    private func outcome(of test: CommandTest) async throws -> TimedOutcome {
        let started = ContinuousClock.now
        var output = ""
        let failures = try await inContainer { job, log in
            switch test.command {
            case .shell(let text): job.arguments = ["/bin/sh", "-ec", text]
            case .arguments(let words): job.arguments = words
            }
            job.environment.merge(test.environment) { _, stated in stated }
            if let user = test.user { job.user = user }
            let status = try await StepSandbox.check(job, limit: Double(test.limit), worker: worker, log: log)
            output = try read(log)
            guard let status else { return [test.tookTooLong] }
            return test.failures(status: status, output: output)
        }
        let outcome: TestResult.Outcome = failures.isEmpty ? .passed : .failed(failures, output: output.lastLines)
        return (outcome, started.duration(to: .now).inSeconds)
    }

    private func outcomes(of probes: [ServiceProbe]) async throws -> [TimedOutcome] {
        let execution = stored.config.execution
        let program = execution.entrypoint + execution.command
        guard !program.isEmpty else {
            return probes.map { _ in (.failed(["the image has no program to start: give it an 'entrypoint'"]), 0) }
        }
        var answers: [ProbeAnswer] = []
        var output: [String] = []
        let failures = try await inContainer { job, log in
            job.arguments = program
            job.network = .worker
            answers = try await StepSandbox.probe(job, probes, worker: worker, log: log)
            output = try read(log).lastLines
            return []
        }
        guard failures.isEmpty else { return probes.map { _ in (.failed(failures), 0) } }
        return answers.map { answer in
            (answer.failure.map { .failed([$0], output: output) } ?? .passed, answer.seconds)
        }
    }

    /// Gives `body` a container as the image's config has it; what the image lacks for one is a failure of the test.
    private func inContainer(
        _ body: (inout SandboxJob, Descriptor) async throws -> [String]
    ) async throws -> [String] {
        let work = try store.makeWorkFolder("test")
        defer { _ = work.remove() }
        let scratch = work.path.appending("run")
        try Files.makeFolder(scratch)
        let log = try Descriptor.open(
            work.path.appending("log"),
            flags: O_RDWR | O_CREAT | O_TRUNC | O_APPEND,
            mode: 0o600
        )
        let execution = stored.config.execution
        var job = SandboxJob(
            layers: layers.map { .init(diffID: $0, blob: store.blobPath($0)) },
            rootsFolder: store.rootsFolder(geteuid() == 0 ? .real : .mapped),
            scratch: scratch,
            arguments: [],
            environment: execution.variables,
            workingDirectory: execution.workingFolder.isEmpty ? "/" : execution.workingFolder,
            user: execution.user.isEmpty ? "0:0" : execution.user,
            timestamp: 0,
            output: work.path.appending("layer.tar")
        )
        job.emulator = try Emulation().emulator(
            for: stored.config.platform,
            onHost: Platform.host.architectureName
        )
        do {
            return try await body(&job, log)
        } catch let error as SandboxError where error.kind == .step {
            return [error.message]
        }
    }

    /// What was written, or the beginning of it.
    private func read(_ log: Descriptor) throws -> String {
        let length = min(try log.status().size, Self.outputLimit)
        let bytes = try [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
            count = try log.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ImageTest.Check {
    /// What is asked of the image's own program; nil for a test of another kind.
    var probe: ServiceProbe? {
        switch self {
        case .port(let test):
            ServiceProbe(.port(test.number, isTCP: test.isTCP), limit: Double(test.limit))
        case .http(let test): ServiceProbe(.page(test.page), limit: Double(test.limit))
        case .file, .package, .user, .unit, .command, .boot: nil
        }
    }
}

extension HTTPTest {
    package var page: PageProbe { PageProbe(port: port, path: path, status: Int(status), contains: contains) }
}

extension ImageConfig.Execution {
    /// With the search path that Docker gives a container whose image has none.
    fileprivate var variables: [String: String] {
        var variables = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        for text in environment {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            variables[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return variables
    }
}
