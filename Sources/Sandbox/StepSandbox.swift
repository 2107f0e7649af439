import Glibc
import Subprocess
package import SystemIO
package import SystemPackage

/// Runs steps in sandboxes: the parent's side.
///
/// Each sandbox is `ovenbird sandbox-worker` under unshare(1): own PID and mount namespaces, for an ordinary user a
/// user namespace with sub-ids too. Nothing of it outlives the worker, and the worker does not outlive this process.
package enum StepSandbox {
    /// Runs a step and makes its layer.
    ///
    /// `worker` is the executable that holds `SandboxWorker`; `log` takes all that the step writes to its standard
    /// output and error. The job's scratch folder is empty afterwards, also after an error. Throws `SandboxError`, or
    /// `CancellationError` within about a second when the task is cancelled, when no process and no mount of the step
    /// is left.
    package static func run(_ job: SandboxJob, worker: FilePath, log: Descriptor) async throws -> SandboxResult {
        try await run(job, with: try SandboxRequirements.check(), worker: worker, log: log)
    }

    static func run(
        _ job: SandboxJob,
        with runtime: OCIRuntime,
        worker: FilePath,
        log: Descriptor
    ) async throws -> SandboxResult {
        let report = try await work(.run(job, runtime), in: job.scratch, worker: worker, log: log)
        guard let result = report.result else { throw SandboxError(.system, "the sandbox gave no result") }
        return result
    }

    /// The exit status of a program; nil where it does not end in so many seconds.
    ///
    /// Nothing of what it leaves is kept. All else is as for `run`.
    package static func check(
        _ job: SandboxJob,
        limit: Double,
        worker: FilePath,
        log: Descriptor
    ) async throws -> Int32? {
        let runtime = try SandboxRequirements.check()
        let order = WorkerOrder.Work.check(job, runtime, limit: limit)
        return try await work(order, in: job.scratch, worker: worker, log: log).result?.exitStatus
    }

    /// Starts a program that others are to reach, asks it, and ends it; the answers are in the order of the probes.
    ///
    /// The job's network has to be `.worker`. All else is as for `run`.
    package static func probe(
        _ job: SandboxJob,
        _ probes: [ServiceProbe],
        worker: FilePath,
        log: Descriptor
    ) async throws -> [ProbeAnswer] {
        let runtime = try SandboxRequirements.check()
        let report = try await work(.probe(job, runtime, probes), in: job.scratch, worker: worker, log: log)
        guard let answers = report.answers, answers.count == probes.count else {
            throw SandboxError(.system, "the sandbox gave no answers")
        }
        return answers
    }

    /// Runs a worker, and leaves its scratch folder empty.
    private static func work(
        _ work: WorkerOrder.Work,
        in scratch: FilePath,
        worker: FilePath,
        log: Descriptor
    ) async throws -> WorkerReport {
        let outcome: Result<WorkerReport, any Error>
        do {
            outcome = .success(try await start(work, in: scratch, worker: worker, log: log))
        } catch {
            outcome = .failure(error)
        }
        try await empty(scratch, worker: worker)
        if Task.isCancelled { throw CancellationError() }
        let report = try outcome.get()
        if let error = report.error { throw error }
        return report
    }

    /// Removes trees whose files may belong to sub-ids: unpacked layers, and what a killed run has left.
    package static func remove(_ paths: [FilePath], worker: FilePath) async throws {
        do {
            try await BlockingPool.shared.run { for path in paths { try Files.removeWholly(path) } }
        } catch let error as SystemError where geteuid() != 0 && error.isForbidden {
            guard let folder = paths.first?.removingLastComponent() else { return }
            let report = try await start(.remove(paths), in: folder, worker: worker, log: nil)
            if let error = report.error { throw error }
        }
    }

    /// The executable of this process, which is the worker of its sandboxes.
    package static func currentExecutable() throws(SystemError) -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        guard readlink("/proc/self/exe", &buffer, Int(PATH_MAX)) > 0 else {
            throw SystemError("find the executable", "/proc/self/exe", .current)
        }
        return FilePath(platformString: buffer)
    }

    /// Runs a worker; its report lies in `folder` for that time.
    static func start(
        _ work: WorkerOrder.Work,
        in folder: FilePath,
        worker: FilePath,
        log: Descriptor?
    ) async throws -> WorkerReport {
        let reportFile = folder.appending("worker-\(UInt64.random(in: 0...UInt64.max)).report")
        defer { try? Files.removeFile(reportFile) }
        let order = try JobFile.encode(WorkerOrder(work: work, report: reportFile))
        let ending = try await launch(worker, order, log, hasNetwork: work.hasNetwork)
        if Task.isCancelled { throw CancellationError() }
        guard Files.exists(reportFile) else {
            throw SandboxRequirements.explain(ending.messages, ending.status, in: folder)
        }
        return try JobFile.read(WorkerReport.self, from: reportFile)
    }

    private static func launch(
        _ worker: FilePath,
        _ order: [UInt8],
        _ log: Descriptor?,
        hasNetwork: Bool
    ) async throws -> Ending {
        let (lifeline, readEnd) = try LifelineEnd.make()
        return try await withTaskCancellationHandler {
            async let sent: Void = BlockingPool.shared.run { try lifeline.send(order) }
            let ending: Result<Ending, any Error>
            do { ending = .success(try await spawn(worker, readEnd, log, hasNetwork)) } catch {
                ending = .failure(error)
            }
            // Whether or not there ever was a worker, nobody reads any more.
            lifeline.cut()
            let ended = try ending.get()
            try await sent
            return ended
        } onCancel: {
            lifeline.cut()
        }
    }

    /// How a worker ended, and what it had to say on its standard error.
    private struct Ending {
        var messages: String
        var status: TerminationStatus
    }

    /// Runs a worker to its end.
    private static func spawn(
        _ worker: FilePath,
        _ lifeline: FileDescriptor,
        _ log: Descriptor?,
        _ hasNetwork: Bool
    ) async throws -> Ending {
        var arguments = ["--fork", "--kill-child", "--pid", "--mount-proc", "--mount", "--propagation", "private"]
        if hasNetwork { arguments.append("--net") }
        if geteuid() != 0 { arguments += ["--map-auto", "--map-root-user"] }
        arguments += ["--", worker.string, SandboxWorker.command]
        var options = PlatformOptions()
        // Out of the terminal's process group: it is this process that decides what an interrupt means.
        options.createSession = true
        // unshare waits through this signal; it is only the time that the worker has to follow its lifeline.
        options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .milliseconds(1500))]
        let configuration = Configuration(
            executable: .path(try SandboxRequirements.unshare()),
            arguments: Arguments(arguments),
            environment: .custom(["PATH": HostProgram.environment]),
            platformOptions: options
        )
        let input = FileDescriptorInput.fileDescriptor(lifeline, closeAfterSpawningProcess: true)
        if let log {
            let output = FileDescriptor(rawValue: log.raw)
            let outcome = try await Subprocess.run(
                configuration,
                input: input,
                output: .fileDescriptor(output, closeAfterSpawningProcess: false),
                error: .string(limit: 1 << 20)
            )
            return Ending(messages: outcome.standardError, status: outcome.terminationStatus)
        }
        let outcome = try await Subprocess.run(
            configuration,
            input: input,
            output: .discarded,
            error: .string(limit: 1 << 20)
        )
        return Ending(messages: outcome.standardError, status: outcome.terminationStatus)
    }

    /// Leaves the folder empty, whoever owns what is in it, even when the task is cancelled.
    private static func empty(_ scratch: FilePath, worker: FilePath) async throws {
        let content = try Files.names(in: scratch).map { scratch.appending($0) }
        if content.isEmpty { return }
        try await Task { try await remove(content, worker: worker) }.value
    }
}

extension SystemError {
    fileprivate var isForbidden: Bool { code == .permissionDenied || code == .notPermitted }
}
