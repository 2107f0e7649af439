import Bakefiles
import Glibc
import Planning
import Sandbox
import Store
import SystemIO
import SystemPackage

extension StepExecutor {
    /// Runs a step of programs over the layers, and takes what it changed as its layer.
    func runInSandbox(
        _ step: Step,
        _ planned: PlannedStep,
        name: StepName,
        on parent: [Digest]
    ) async throws -> MadeLayers {
        let work = try bake.store.makeWorkFolder("step")
        defer { _ = work.remove() }
        let scratch = work.path.appending("scratch")
        try Files.makeFolder(scratch)
        var job = SandboxJob(
            layers: parent.map { .init(diffID: $0, blob: bake.store.blobPath($0)) },
            rootsFolder: bake.store.rootsFolder(geteuid() == 0 ? .real : .mapped),
            scratch: scratch,
            arguments: [],
            environment: SandboxJob.standardEnvironment(timestamp: bake.plan.timestamp),
            timestamp: bake.plan.timestamp,
            output: work.path.appending("layer.tar")
        )
        switch step.action {
        case .run(let run): try prepare(&job, for: run)
        case .packages: throw StepError("'packages' is not there yet")
        default: preconditionFailure("'\(step.action.kind)' needs no sandbox")
        }
        let result = try await StepSandbox.run(job, worker: bake.options.worker, log: try logs.open(name))
        guard result.exitStatus == 0, let layer = result.layer else {
            throw StepError("ended with exit status \(result.exitStatus)")
        }
        let output = job.output
        return try await BlockingPool.shared.run {
            _ = try bake.store.adopt(file: output, expecting: layer.digest, size: layer.size)
            return MadeLayers(layers: [layer.digest], config: nil)
        }
    }

    private func prepare(_ job: inout SandboxJob, for step: RunStep) throws {
        switch step.command {
        case .shell(let text): job.arguments = ["/bin/sh", "-ec", text]
        case .arguments(let arguments): job.arguments = arguments
        }
        job.environment.merge(step.environment) { _, stated in stated }
        job.workingDirectory = step.workingDirectory
        job.user = step.user
        job.network = step.network == .host ? .host : .none
        for use in step.secrets {
            let value = try secret(use.name)
            switch use.target {
            case .file(let path): job.binds.append(.init(.content(value, mode: 0o400), at: path, isReadOnly: true))
            case .variable(let name): job.environment[name] = value
            }
        }
        for cache in step.caches {
            let folder = bake.store.cacheFolder.appending("mounts").appending(bake.plan.project).appending(cache.id)
            try Files.makeFolder(folder)
            job.binds.append(.init(.path(folder), at: cache.target, isReadOnly: false))
        }
    }

    /// The value of a declared secret, from where its declaration says.
    private func secret(_ name: String) throws -> String {
        guard let secret = bake.bakefile.secrets.first(where: { $0.name == name }) else {
            preconditionFailure("the Bakefile's reader knows every secret that a step uses")
        }
        switch secret.source {
        case .environment(let variable):
            guard let value = bake.options.environment[variable] else {
                throw StepError("the secret '\(name)' is not there", fix: "set the environment variable '\(variable)'")
            }
            return value
        case .file(let path):
            do {
                return String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
            } catch {
                throw StepError("the secret '\(name)' is not there: \(error)")
            }
        }
    }
}

extension StepExecutor {
    /// Makes the layers that an image starts from.
    func makeBase(_ base: Base, name: StepName) async throws -> MadeLayers {
        switch base {
        case .debian: throw StepError("'debian' is not there yet")
        default: try await bake.recipes.importBase(base, bake.bakefile, bake.store)
        }
    }
}
