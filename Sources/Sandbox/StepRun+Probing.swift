import CShims
import Glibc
import HTTPTransport
import SystemIO
import SystemPackage

extension StepRun {
    /// The exit status of the job's program; nil where it does not end in so many seconds.
    func status(within limit: Double) async throws -> Int32? {
        let ready = try prepare()
        defer { withExtendedLifetime(ready.roots) {} }
        return try await withThrowingTaskGroup(of: Int32?.self) { group in
            group.addTask { try await runContainer(ready.config, ready.stage) }
            group.addTask {
                try await Task.sleep(for: .seconds(limit))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Starts the job's program and asks the probes until each has its answer; the end of the worker is its end.
    func answers(to probes: [ServiceProbe]) async throws -> [ProbeAnswer] {
        guard ob_raise_loopback() == 0 else { throw SystemError("switch on", "the loopback interface", .current) }
        let ready = try prepare()
        defer { withExtendedLifetime(ready.roots) {} }
        let started = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Answer.self) { group in
            group.addTask { .ended(try await runContainer(ready.config, ready.stage)) }
            group.addTask {
                .answered(
                    try await WebClient.with(
                        trust: TrustSettings(),
                        timeouts: .init(connect: .seconds(5), idle: .seconds(10))
                    ) { client in
                        try await ask(probes, since: started, client)
                    }
                )
            }
            defer { group.cancelAll() }
            switch try await group.next() {
            case .answered(let answers): return answers
            case .ended(let status):
                let failure = "the image's program ended with exit status \(status)"
                let seconds = started.duration(to: .now).inSeconds
                return probes.map { _ in ProbeAnswer(failure: failure, seconds: seconds) }
            case nil: return []
            }
        }
    }

    private enum Answer: Sendable {
        case answered([ProbeAnswer])
        case ended(Int32)
    }

    /// All at the same time, each until it has a good answer or its time is over.
    private func ask(
        _ probes: [ServiceProbe],
        since started: ContinuousClock.Instant,
        _ client: WebClient
    ) async throws -> [ProbeAnswer] {
        try await withThrowingTaskGroup(of: (Int, ProbeAnswer).self) { group in
            for (index, probe) in probes.enumerated() {
                group.addTask {
                    while true {
                        let failure = try await probe.failure(client)
                        let seconds = started.duration(to: .now).inSeconds
                        if failure == nil || seconds >= probe.limit {
                            return (index, ProbeAnswer(failure: failure, seconds: seconds))
                        }
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
            }
            var answers: [Int: ProbeAnswer] = [:]
            for try await (index, answer) in group { answers[index] = answer }
            return probes.indices.compactMap { answers[$0] }
        }
    }
}

extension ServiceProbe {
    /// Nil for a good answer.
    fileprivate func failure(_ client: WebClient) async throws -> String? {
        switch question {
        case .port(let port, let isTCP): try ListeningPorts.failure(port, isTCP: isTCP)
        case .page(let page): try await page.failure(at: page.port, client)
        }
    }
}
