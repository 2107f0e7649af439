import Bakefiles
import Glibc
import Sandbox
import SystemIO
import SystemPackage

extension StepExecutor {
    /// Runs a step whose secrets enter neither its log nor its layer.
    ///
    /// What such a step prints goes to a file without a name in `folder` first, and from there, masked, to the log; also
    /// where the step fails or is stopped. So nothing of it stays where this process is killed.
    func runHidingSecrets(
        of step: RunStep,
        _ job: SandboxJob,
        log: Descriptor,
        in folder: FilePath
    ) async throws -> SandboxResult {
        let names = Set(step.secrets.map(\.name))
        let secrets = SecretBytes(try Dictionary(uniqueKeysWithValues: names.map { ($0, try secret($0)) }))
        if secrets.isEmpty { return try await StepSandbox.run(job, worker: bake.options.worker, log: log) }
        let output = try Descriptor.openUnnamed(in: folder)
        let outcome: Result<SandboxResult, any Error>
        do {
            outcome = .success(try await StepSandbox.run(job, worker: bake.options.worker, log: output))
        } catch {
            outcome = .failure(error)
        }
        let found = try await BlockingPool.shared.run { cancellation in
            try secrets.copyMasked(output, to: log)
            guard case .success(let result) = outcome, result.layer != nil else { return String?.none }
            return try secrets.firstName(in: Descriptor.openForReading(job.output), cancellation: cancellation)
        }
        if let found {
            throw StepError(
                "the step left the value of the secret '\(found)' in its layer",
                fix: "remove the file that holds it in the same step, or keep it in a 'cache'"
            )
        }
        return try outcome.get()
    }
}
