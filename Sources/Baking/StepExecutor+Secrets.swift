import Bakefiles
import Sandbox
import SystemIO
import SystemPackage

extension StepExecutor {
    /// Runs a step; one that can come by the value of a secret leaves nothing of it in its log.
    ///
    /// What such a step prints goes to a file without a name in `folder` first, and from there, masked, to the log; also
    /// where the step fails or is stopped. So nothing of it stays where this process is killed.
    func runHidingSecrets(
        of step: RunStep,
        _ job: SandboxJob,
        log: Descriptor,
        in folder: FilePath
    ) async throws -> SandboxResult {
        guard step.canComeBySecrets, !secrets.bytes.isEmpty else {
            return try await StepSandbox.run(job, worker: bake.options.worker, log: log)
        }
        let output = try Descriptor.openUnnamed(in: folder)
        let outcome: Result<SandboxResult, any Error>
        do {
            outcome = .success(try await StepSandbox.run(job, worker: bake.options.worker, log: output))
        } catch {
            outcome = .failure(error)
        }
        try await BlockingPool.shared.run { try secrets.bytes.copyMasked(output, to: log) }
        return try outcome.get()
    }
}

extension RunStep {
    /// Whether it sees a secret, or may find one that another step left: in a cache, or somewhere in the network.
    var canComeBySecrets: Bool { !secrets.isEmpty || !caches.isEmpty || network == .host }
}
