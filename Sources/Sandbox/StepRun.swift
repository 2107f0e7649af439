import Glibc
import OCI
import Subprocess
import SystemIO
import SystemPackage

/// One step in the worker, from the unpacked parent to the layer.
struct StepRun {
    let job: SandboxJob
    let runtime: OCIRuntime

    /// A root with all that its container needs.
    struct Ready {
        let stage: OverlayStage
        let config: RuntimeConfig
        let points: MountPoints
        /// Held to the end: their locks keep others from removing them.
        let roots: [LayerRoots.Held]
    }

    func prepare() throws -> Ready {
        let isInUserNamespace = try UserNamespace.isInside()
        let roots = try LayerRoots(folder: job.rootsFolder, isInUserNamespace: isInUserNamespace)
            .prepare(job.layers)
        let stage = try OverlayStage.make(
            in: job.scratch,
            roots: roots.map(\.path),
            isInUserNamespace: isInUserNamespace
        )

        // The binds of the host must be opened before anything is mounted that could hide them.
        let binds = try job.binds.map { (bind: $0, source: try $0.openSource()) } + hostFiles()

        let view = try stage.mountView()
        // Layers of steps have no entry for the root itself: its face is the base's.
        let base = try roots.first.map { try Descriptor.openFolder($0.path) } ?? view.descriptor
        try FolderFacts.read(base).apply(to: stage.upper)
        var points = MountPoints()
        for target in MountPoints.system { _ = try points.add(target, isFolder: true, in: view) }
        var mounts: [RuntimeConfig.Mount] = []
        for (index, (bind, source)) in binds.enumerated() {
            let isFolder = try source?.status().kind == .directory
            let target = try points.add(bind.target, isFolder: isFolder, in: view)
            let place = stage.binds.appending(String(index))
            try bind.place(source, at: place)
            mounts.append(.bind(place, to: target, isReadOnly: bind.isReadOnly))
        }
        let config = try config(stage, mounts, view)
        try points.makeStubs(in: stage.stubs, as: view)
        try Mounts.unmount(stage.view)

        try stage.mountRoot(withStubs: points.needsStubs)
        return Ready(stage: stage, config: config, points: points, roots: roots)
    }

    func run() async throws -> SandboxResult {
        let ready = try prepare()
        defer { withExtendedLifetime(ready.roots) {} }
        let stage = ready.stage
        let status = try await runContainer(ready.config, stage)
        try Mounts.unmount(stage.root)

        var layer: SandboxResult.Layer?
        if status == 0 {
            let upper = try UpperFolder.open(stage.upper)
            for place in ready.points.madePlaces { try upper.removeWhiteout(at: place) }
            try upper.apply(job.volatile)
            layer = try LayerWork.pack(
                stage.upper,
                over: try stage.mountView(),
                to: job.output,
                timestamp: job.timestamp
            )
        }
        for name in ["upper", "work"] { try Files.removeWholly(job.scratch.appending(name)) }
        return SandboxResult(exitStatus: status, layer: layer)
    }

    private func hostFiles() -> [(bind: SandboxBind, source: Descriptor?)] {
        guard job.network == .host else { return [] }
        return SandboxBind.hostNetworkFiles.compactMap { path in
            let bind = SandboxBind(.path(path), at: path.string, isReadOnly: true)
            // Often a symlink, into a place that the host trusts; a host without one gives none.
            guard let source = try? bind.openSource(followsSymlinks: true) else { return nil }
            return (bind, source)
        }
    }

    private func config(
        _ stage: OverlayStage,
        _ mounts: [RuntimeConfig.Mount],
        _ view: RootFolder
    ) throws -> RuntimeConfig {
        let user = try RootAccounts.read(view).user(job.user)
        let place = try view.place(of: job.workingDirectory)
        guard job.workingDirectory.isAbsolutePath, place.kind == .directory else {
            throw SandboxError(
                .step,
                "the working folder '\(job.workingDirectory)' is no folder of the root",
                fix: "make it in a 'directory' step before this one"
            )
        }
        let mountProgram = stage.isInUserNamespace ? nil : HostProgram.find("mount")
        guard stage.isInUserNamespace || mountProgram != nil else {
            throw SandboxError(.host, "there is no program 'mount'", fix: "apt-get install mount")
        }
        return RuntimeConfig(
            root: stage.root,
            arguments: job.arguments,
            environment: job.environment.merging(["HOME": user.home]) { stated, _ in stated },
            workingDirectory: place.path,
            user: user,
            network: job.network,
            isInUserNamespace: stage.isInUserNamespace,
            binds: mounts,
            mountProgram: mountProgram
        )
    }

    /// The exit status of the step; the runtime's own trouble is thrown.
    func runContainer(_ config: RuntimeConfig, _ stage: OverlayStage) async throws -> Int32 {
        try AtomicFile.write(config.json.canonicalBytes, to: stage.stage.appending("config.json"), mode: 0o600)
        if runtime.kind == .crun {
            try Mounts.mount("tmpfs", on: "/sys/fs/cgroup", type: "tmpfs", options: "mode=755")
        }
        let log = stage.stage.appending("runtime.log")
        let name = "ovenbird-\(UInt64.random(in: 0...UInt64.max))"
        let output = FileDescriptorOutput.fileDescriptor(.standardOutput, closeAfterSpawningProcess: false)
        let outcome = try await Subprocess.run(
            .path(runtime.path),
            arguments: Arguments(
                runtime.arguments(name: name, state: stage.stage.appending("state"), log: log)
            ),
            environment: .custom(["PATH": HostProgram.environment]),
            workingDirectory: stage.stage,
            input: .none,
            output: output,
            error: output
        )
        let status = outcome.terminationStatus.asExitStatus
        guard status != 0 else { return 0 }
        // Now, for what the step wrote is about to be removed; there, for the stage may be on another file system.
        let cause = SandboxError.Cause.found(at: stage.upper)
        if let message = runtimeTrouble(log) {
            // Of a program that the root does not have both say so.
            let kind: SandboxError.Kind = message.contains("executable file") ? .step : .system
            throw SandboxError(kind, "\(runtime.kind.rawValue) cannot run the step: \(message)", cause: cause)
        }
        if case .signaled(let signal) = outcome.terminationStatus {
            throw SandboxError(.system, "\(runtime.kind.rawValue) was ended by signal \(signal)", cause: cause)
        }
        if let cause { throw SandboxError(.system, "ended with exit status \(status)", cause: cause) }
        return status
    }

    /// The last error that the runtime tells of; warnings do not count.
    private func runtimeTrouble(_ log: FilePath) -> String? {
        guard let bytes = try? Files.read(log, limit: 1 << 20) else { return nil }
        let records = bytes.split(separator: UInt8(ascii: "\n")).compactMap { try? JSONValue.parse(Array($0)) }
        return records.last { $0["level"]?.stringValue == "error" }?["msg"]?.stringValue
    }
}

extension TerminationStatus {
    /// As a shell counts it: 128 + signal where one ended the process.
    var asExitStatus: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}
