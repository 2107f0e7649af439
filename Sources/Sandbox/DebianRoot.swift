import OCI
package import SystemIO
package import SystemPackage

/// The root file system of a Debian release, made by mmdebstrap: `from: { debian: SUITE }`.
package struct DebianRoot: Sendable, Hashable {
    package var suite: String
    /// mmdebstrap's: `apt`, `important`, ...
    package var variant: String
    /// nil is the mirror of this host, else mmdebstrap's own; neither enters the root.
    package var mirror: String?
    /// Keys that verify the mirror; nil is the host's.
    package var keyring: FilePath?
    package var components: [String]
    /// As Debian writes it, `amd64`; nil is the host's.
    package var architecture: String?
    /// As in `SandboxJob`.
    package var emulator: String?
    /// Seconds since 1970: later modification times become this one.
    package var timestamp: Int64

    package init(
        suite: String,
        variant: String,
        mirror: String? = nil,
        keyring: FilePath? = nil,
        components: [String] = ["main"],
        architecture: String? = nil,
        emulator: String? = nil,
        timestamp: Int64
    ) {
        self.suite = suite
        self.variant = variant
        self.mirror = mirror
        self.keyring = keyring
        self.components = components
        self.architecture = architecture
        self.emulator = emulator
        self.timestamp = timestamp
    }

    /// Where Debian keeps the keys of its archive.
    private static let archiveKeys: [FilePath] = [
        "/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp",
    ]

    /// What a root came to.
    package struct Made: Sendable {
        package var layer: SandboxResult.Layer
        package var packages: [BinaryPackage]
    }

    /// Makes the root as one layer at `output`.
    ///
    /// `folder` is an own, existing, empty folder, and empty again afterwards. mmdebstrap runs in the namespaces of a
    /// sandbox's worker, so that nothing of it outlives this process. `cache` keeps downloaded packages. With `pinned` the
    /// root is made of exactly these packages, and a network is needed for those only that the cache has not; throws
    /// `PinnedPackagesError` where they cannot be had.
    package func make(
        pinned: [BinaryPackage]? = nil,
        in folder: FilePath,
        cache: FilePath,
        output: FilePath,
        worker: FilePath,
        log: Descriptor
    ) async throws -> Made {
        guard let program = HostProgram.find("mmdebstrap") else {
            throw SandboxError(
                .host,
                "there is no program 'mmdebstrap', and 'from: { debian: ... }' needs it",
                fix: "apt-get install mmdebstrap"
            )
        }
        try checkForeign()
        try SandboxRequirements.checkNamespaces()
        let run = DebianRootRun(
            root: self,
            program: program,
            folder: folder,
            pool: PackagePool(cache: cache),
            worker: worker,
            log: log
        )
        let outcome: Result<Made, any Error>
        do {
            let packages = try await run.make(pinned)
            let tar = run.tar
            let cleaning = DebianRootCleaning(sourcesList: sourcesList, timestamp: timestamp)
            let layer = try await BlockingPool.shared.run { try cleaning.write(tar, to: output) }
            outcome = .success(Made(layer: layer, packages: packages))
        } catch {
            outcome = .failure(error)
        }
        let leftovers = try Files.names(in: folder).map { folder.appending($0) }
        try await Task { try await StepSandbox.remove(leftovers, worker: worker) }.value
        return try outcome.get()
    }

    /// mmdebstrap tries beforehand whether programs of another architecture run.
    func checkForeign(_ find: (String) -> FilePath? = HostProgram.find) throws(SandboxError) {
        guard let architecture, architecture != Platform.host.debianArchitecture, find("arch-test") == nil else {
            return
        }
        throw SandboxError(
            .host,
            "there is no program 'arch-test', and a Debian root for '\(architecture)' needs it here",
            fix: "apt-get install arch-test"
        )
    }

    /// What apt is to use; empty leaves it to mmdebstrap.
    func entries(host: AptSources, hostCodename: String?) -> [AptSources.Entry] {
        var entries = host.debian(suite: suite, components: components, host: hostCodename)
        if let mirror { entries = [AptSources.Entry(uri: mirror, suite: suite, components: components)] }
        let keys = keyring ?? Self.archiveKeys.first { Files.exists($0) }
        return entries.map { entry in
            var entry = entry
            if keyring != nil || entry.signedBy == nil { entry.signedBy = keys?.string }
            return entry
        }
    }

    /// The `sources.list` of the root.
    var sourcesList: String {
        guard let mirror else { return AptRoot.hostSourcesList(.init(suite: suite, components: components)) }
        return AptSources.Entry(uri: mirror, suite: suite, components: components).line + "\n"
    }

    /// The root as a tar on standard output, made by the root of the worker's namespaces, whoever the user is.
    func arguments(hooks: [String] = []) -> [String] {
        ["--mode=root", "--format=tar", "--verbose", "--variant=\(variant)"]
            + ["--components=\(components.joined(separator: ","))"]
            + (architecture.map { ["--architectures=\($0)"] } ?? [])
            + hooks + [suite, "-"]
    }

    func environment(temporary: FilePath) -> [String: String] {
        SandboxJob.standardEnvironment(timestamp: timestamp)
            .merging(HostProxies.environment()) { own, _ in own }
            .merging(["TMPDIR": temporary.string, "DEBIAN_FRONTEND": "noninteractive"]) { own, _ in own }
    }
}
