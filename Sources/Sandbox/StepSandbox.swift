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
        let outcome: Result<WorkerReport, any Error>
        do {
            outcome = .success(try await start(.run(job, runtime), in: job.scratch, worker: worker, log: log))
        } catch {
            outcome = .failure(error)
        }
        try await empty(job.scratch, worker: worker)
        if Task.isCancelled { throw CancellationError() }
        let report = try outcome.get()
        if let error = report.error { throw error }
        guard let result = report.result else { throw SandboxError(.system, "the sandbox gave no result") }
        return result
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

    /// Runs a worker; its order and its report lie in `folder` for that time.
    static func start(
        _ work: WorkerOrder.Work,
        in folder: FilePath,
        worker: FilePath,
        log: Descriptor?
    ) async throws -> WorkerReport {
        let name = "worker-\(UInt64.random(in: 0...UInt64.max))"
        let orderFile = folder.appending("\(name).order")
        let reportFile = folder.appending("\(name).report")
        defer {
            try? Files.removeFile(orderFile)
            try? Files.removeFile(reportFile)
        }
        try JobFile.write(WorkerOrder(work: work, report: reportFile), to: orderFile)
        let ending = try await launch(worker, orderFile, log)
        if Task.isCancelled { throw CancellationError() }
        guard Files.exists(reportFile) else { throw SandboxRequirements.explain(ending) }
        return try JobFile.read(WorkerReport.self, from: reportFile)
    }

    private static func launch(_ worker: FilePath, _ orderFile: FilePath, _ log: Descriptor?) async throws -> String {
        var arguments = ["--fork", "--kill-child", "--pid", "--mount-proc", "--mount", "--propagation", "private"]
        if geteuid() != 0 { arguments += ["--map-auto", "--map-root-user"] }
        arguments += ["--", worker.string, SandboxWorker.command, orderFile.string]
        var options = PlatformOptions()
        // Out of the terminal's process group: it is this process that decides what an interrupt means.
        options.createSession = true
        // unshare waits through this signal; it is only the time that the worker has to follow its lifeline.
        options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .milliseconds(1500))]
        let (lifeline, readEnd) = try LifelineEnd.make()
        let output = log.map { FileDescriptor(rawValue: $0.raw) }
        let configuration = Configuration(
            executable: .path(try SandboxRequirements.unshare()),
            arguments: Arguments(arguments),
            environment: .custom(["PATH": HostProgram.environment]),
            platformOptions: options
        )
        return try await withTaskCancellationHandler {
            defer { lifeline.cut() }
            let input = FileDescriptorInput.fileDescriptor(readEnd, closeAfterSpawningProcess: true)
            if let output {
                return try await Subprocess.run(
                    configuration,
                    input: input,
                    output: .fileDescriptor(output, closeAfterSpawningProcess: false),
                    error: .string(limit: 1 << 20)
                ).standardError
            }
            return try await Subprocess.run(
                configuration,
                input: input,
                output: .discarded,
                error: .string(limit: 1 << 20)
            ).standardError
        } onCancel: {
            lifeline.cut()
        }
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
