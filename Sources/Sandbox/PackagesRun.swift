import Glibc
package import SystemIO
package import SystemPackage

/// A `packages` step from the request to the layer.
package struct PackagesRun {
    package struct Outcome: Sendable {
        package var result: SandboxResult
        /// What was installed, or was to be.
        package var packages: [BinaryPackage]
    }

    private let plan: PackagesPlan
    private let job: SandboxJob
    private let folder: FilePath
    private let pool: PackagePool
    private let mirrors: [String]
    private let worker: FilePath
    private let log: Descriptor

    /// Runs the step.
    ///
    /// `folder` is an own, existing, empty folder on the disk of the job's roots, and empty again afterwards; the job's
    /// scratch lies in it, and what the job says of command and binds is replaced. `cache` keeps downloaded packages.
    /// With `pinned` exactly these packages are installed, and a network is needed for those only that the cache has
    /// not; throws `PinnedPackagesError` where that is not possible.
    package static func run(
        _ request: PackagesRequest,
        pinned: [BinaryPackage]? = nil,
        root: AptRoot,
        job: SandboxJob,
        in folder: FilePath,
        cache: FilePath,
        worker: FilePath,
        log: Descriptor
    ) async throws -> Outcome {
        let host = AptSources.ofHost()
        let codename = AptSources.hostCodename()
        let plan = try PackagesPlan(
            request,
            root: root,
            // Where the packages are known already, no mirror has to be.
            host: host,
            needsMirror: pinned == nil,
            hostCodename: codename,
            archives: folder.appending("archives"),
            lists: folder.appending("lists"),
            timestamp: job.timestamp,
            proxies: HostProxies.environment()
        )
        let mirrors = root.hostRelease.map { release in
            host.debian(suite: release.suite, components: release.components, host: codename).map(\.uri)
        }
        let run = PackagesRun(
            plan: plan,
            job: job,
            folder: folder,
            pool: PackagePool(cache: cache),
            mirrors: mirrors ?? [],
            worker: worker,
            log: log
        )
        let outcome: Result<Outcome, any Error>
        do {
            outcome = .success(try await run.run(pinned))
        } catch {
            outcome = .failure(error)
        }
        let leftovers = try Files.names(in: folder).map { folder.appending($0) }
        try await Task { try await StepSandbox.remove(leftovers, worker: worker) }.value
        return try outcome.get()
    }

    private func run(_ pinned: [BinaryPackage]?) async throws -> Outcome {
        try Files.makeFolder(pool.folder)
        let packages: [BinaryPackage]
        if let pinned {
            packages = pinned
        } else {
            let resolved = folder.appending("resolved")
            try Files.makeFolder(resolved)
            let result = try await start(plan.resolving(into: resolved, cache: pool.folder), network: .host)
            guard result.exitStatus == 0 else { return Outcome(result: result, packages: []) }
            packages = try await BlockingPool.shared.run {
                try takeResolved(uris: resolved.appending("uris"), archives: folder.appending("archives"))
            }
        }
        let repository = folder.appending("repository")
        let missing = try await BlockingPool.shared.run {
            try PackageRepository.make(in: repository, of: packages, from: pool).missing
        }
        if !missing.isEmpty { try await download(missing, into: repository) }
        let result = try await start(plan.installing(from: repository), network: .none, keepsLayer: true)
        if result.exitStatus == PackagesPlan.insufficient { throw PinnedPackagesError.insufficient }
        return Outcome(result: result, packages: packages)
    }

    /// Each run has folders of its own: archives and indexes are no way from one to another.
    private func start(
        _ plan: PackagesPlan,
        network: SandboxJob.Network,
        keepsLayer: Bool = false
    ) async throws -> SandboxResult {
        var job = job
        plan.apply(to: &job)
        if !keepsLayer { job.output = folder.appending("dropped.tar") }
        job.scratch = folder.appending("scratch")
        job.network = network
        for name in ["archives", "lists", "scratch"] {
            let own = folder.appending(name)
            if Files.exists(own) { try await StepSandbox.remove([own], worker: worker) }
            try Files.makeFolder(own)
        }
        return try await StepSandbox.run(job, worker: worker, log: log)
    }

    /// Puts what was resolved and downloaded into the cache.
    private func takeResolved(uris: FilePath, archives: FilePath) throws -> [BinaryPackage] {
        let text = String(decoding: try Files.read(uris, limit: 16 << 20), as: UTF8.self)
        return try text.split(separator: "\n").compactMap { PrintedURI($0) }.map { printed in
            guard let taken = try pool.take(archives.appending(printed.fileName)),
                printed.digest == nil || printed.digest == taken.digest
            else {
                throw SandboxError(.system, "apt did not download '\(printed.fileName)' as its index has it")
            }
            return BinaryPackage(
                name: printed.name,
                version: printed.version,
                architecture: printed.architecture,
                size: taken.size,
                digest: taken.digest,
                uri: printed.uri
            )
        }
    }

    private func download(_ packages: [BinaryPackage], into repository: FilePath) async throws {
        let downloads = folder.appending("downloads")
        try PackageDownloads(packages: packages, mirrors: mirrors).writeLists(in: downloads)
        _ = try await start(plan.downloading(into: downloads), network: .host)
        let missing = try await BlockingPool.shared.run {
            try PackageDownloads.take(from: downloads, into: pool)
            return try pool.copy(packages, to: repository)
        }
        if !missing.isEmpty { throw PinnedPackagesError.unavailable(missing) }
    }
}

/// How this host reaches the network, where it needs a proxy; it decides nothing about what is downloaded.
enum HostProxies {
    static func environment() -> [String: String] {
        var found: [String: String] = [:]
        for name in ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy"] {
            if let value = getenv(name) { found[name] = String(cString: value) }
        }
        return found
    }
}
