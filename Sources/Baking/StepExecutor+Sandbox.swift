import Bakefiles
import Glibc
import Layers
import OCI
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
        let emulator = try Emulation().emulator(for: planned.definition.platform, onHost: bake.plan.architecture)
        let work = try bake.store.makeWorkFolder("step")
        defer { _ = work.remove() }
        let folder = work.path.appending("run")
        try Files.makeFolder(folder)
        let log = try logs.open(name)
        var job = job(over: parent, scratch: folder, output: work.path.appending("layer.tar"))
        job.emulator = emulator
        let result: SandboxResult
        var resolution: Lock.Entry?
        switch step.action {
        case .run(let run):
            try prepare(&job, for: run)
            result = try await runHidingSecrets(of: run, job, log: log, in: work.path)
        case .packages(let packages):
            let root = try layers.root(of: parent)
            let copies = try InputCopies(of: planned.inputs, for: bake.bakefile, in: work.path.appending("inputs"))
            let (request, apt, own) = (
                PackagesRequest(packages, copies: copies), try AptRoot.read(root.tree, blobs: root.blobs), job
            )
            let done = try await makeOfPackages(planned, name: name) { pinned in
                let outcome = try await PackagesRun.run(
                    request,
                    pinned: pinned,
                    root: apt,
                    job: own,
                    in: folder,
                    cache: bake.store.cacheFolder,
                    worker: bake.options.worker,
                    log: log
                )
                if outcome.result.exitStatus != 0 { throw StepError.ended(outcome.result.exitStatus) }
                return Resolved(made: outcome.result, packages: outcome.packages)
            }
            (result, resolution) = (done.made, done.resolution)
        default: preconditionFailure("'\(step.action.kind)' needs no sandbox")
        }
        guard result.exitStatus == 0, let layer = result.layer else {
            throw StepError.ended(result.exitStatus)
        }
        var shortest = SecretBytes.shortestElsewhere
        if case .run(let run) = step.action, run.canComeBySecrets { shortest = SecretBytes.shortest }
        return try await adopt(layer, at: job.output, resolution, hidingAtLeast: shortest)
    }

    /// Makes the layers that an image starts from.
    func makeBase(_ base: Base, _ planned: PlannedStep, name: StepName) async throws -> MadeLayers {
        if case .ami(let ami) = base { return try await findAMI(ami, planned, name: name) }
        guard case .debian(let debian) = base else {
            let made = try await importBase(base, planned, name: name, by: bake.recipes.importBase)
            try await BlockingPool.shared.run { cancellation in
                for layer in made.layers where !secrets.bytes.isEmpty {
                    let blob = try bake.store.openBlob(layer)
                    try secrets.bytes.refuse(layer: blob, layers.listing(of: layer), cancellation: cancellation)
                }
            }
            return made
        }
        let emulator = try Emulation().emulator(for: planned.definition.platform, onHost: bake.plan.architecture)
        let work = try bake.store.makeWorkFolder("root")
        defer { _ = work.remove() }
        let folder = work.path.appending("run")
        try Files.makeFolder(folder)
        let copies = try InputCopies(of: planned.inputs, for: bake.bakefile, in: work.path.appending("inputs"))
        let root = DebianRoot(
            suite: debian.suite,
            variant: debian.variant,
            mirror: debian.mirror,
            keyring: debian.keyring.map { copies[$0] },
            components: debian.components,
            architecture: planned.definition.platform.debianArchitecture,
            emulator: emulator,
            timestamp: bake.plan.timestamp
        )
        let output = work.path.appending("layer.tar")
        let log = try logs.open(name)
        let done = try await makeOfPackages(planned, name: name) { pinned in
            let made = try await root.make(
                pinned: pinned,
                in: folder,
                cache: bake.store.cacheFolder,
                output: output,
                worker: bake.options.worker,
                log: log
            )
            return Resolved(made: made.layer, packages: made.packages)
        }
        return try await adopt(
            done.made,
            at: output,
            done.resolution,
            hidingAtLeast: SecretBytes.shortestElsewhere
        )
    }

    private func adopt(
        _ layer: SandboxResult.Layer,
        at file: FilePath,
        _ resolution: Lock.Entry?,
        hidingAtLeast shortest: Int
    ) async throws -> MadeLayers {
        let store = bake.store
        return try await BlockingPool.shared.run { cancellation in
            if !secrets.bytes.isEmpty {
                let found = try Descriptor.openForReading(file)
                let listing = try LayerListing.scan(found, name: "layer \(layer.digest.short)")
                try secrets.bytes.refuse(layer: found, listing, atLeast: shortest, cancellation: cancellation)
            }
            _ = try store.adopt(file: file, expecting: layer.digest, size: layer.size)
            return MadeLayers(layers: [layer.digest], config: nil, resolution: resolution)
        }
    }

    private func job(over parent: [Digest], scratch: FilePath, output: FilePath) -> SandboxJob {
        SandboxJob(
            layers: parent.map { .init(diffID: $0, blob: bake.store.blobPath($0)) },
            rootsFolder: bake.store.rootsFolder(geteuid() == 0 ? .real : .mapped),
            scratch: scratch,
            arguments: [],
            environment: SandboxJob.standardEnvironment(timestamp: bake.plan.timestamp),
            timestamp: bake.plan.timestamp,
            output: output
        )
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
            let value = try secrets.value(of: use.name)
            switch use.target {
            case .file(let path): job.binds.append(.init(.bytes(value, mode: 0o400), at: path, isReadOnly: true))
            case .variable(let name):
                guard let text = String(validating: value, as: UTF8.self), !value.contains(0) else {
                    throw StepError(
                        "the secret '\(use.name)' is no text, so it cannot be the variable '\(name)'",
                        fix: "leave 'env' out, which gives it to the step as a file"
                    )
                }
                job.environment[name] = text
            }
        }
        for cache in step.caches {
            let folder = bake.store.cacheFolder.appending("mounts").appending(bake.plan.project).appending(cache.id)
            try Files.makeFolder(folder)
            job.binds.append(.init(.path(folder), at: cache.target, isReadOnly: false))
        }
    }
}

extension PackagesRequest {
    /// What a step asks for, its files being copies that nobody else writes to.
    fileprivate init(_ step: PackagesStep, copies: InputCopies) {
        self.init(
            names: step.names,
            files: step.files.map { copies[$0] },
            sources: step.sources.map {
                Source(
                    name: $0.name,
                    uri: $0.uri,
                    suite: $0.suite,
                    components: $0.components,
                    key: copies[$0.key],
                    keep: $0.keep
                )
            },
            recommends: step.recommends
        )
    }
}

extension StepError {
    fileprivate static func ended(_ status: Int32) -> StepError { StepError("ended with exit status \(status)") }
}
