import Glibc
package import SystemIO
package import SystemPackage

/// A `packages` step from the request to the layer.
package enum PackagesRun {
    /// Runs the step.
    ///
    /// `folder` is an own, existing, empty folder on the disk of `cache` and of the job's roots, and empty again
    /// afterwards; the job's scratch lies in it, and what the job says of command and binds is replaced. `cache` keeps
    /// downloaded packages.
    package static func run(
        _ request: PackagesRequest,
        root: AptRoot,
        job: SandboxJob,
        in folder: FilePath,
        cache: FilePath,
        worker: FilePath,
        log: Descriptor
    ) async throws -> SandboxResult {
        let packages = PackageCache(folder: cache.appending("apt/packages"))
        let archives = folder.appending("archives")
        let lists = folder.appending("lists")
        var job = job
        job.scratch = folder.appending("scratch")
        let plan = try PackagesPlan(
            request,
            root: root,
            host: .ofHost(),
            hostCodename: AptSources.hostCodename(),
            archives: archives,
            lists: lists,
            cache: packages.folder,
            timestamp: job.timestamp,
            proxies: HostProxies.environment()
        )
        plan.apply(to: &job)
        let outcome: Result<SandboxResult, any Error>
        do {
            for folder in [job.scratch, archives, lists, packages.folder] { try Files.makeFolder(folder) }
            let result = try await StepSandbox.run(job, worker: worker, log: log)
            try await BlockingPool.shared.run { try packages.take(from: archives) }
            outcome = .success(result)
        } catch {
            outcome = .failure(error)
        }
        let leftovers = [job.scratch, archives, lists]
        try await Task { try await StepSandbox.remove(leftovers, worker: worker) }.value
        return try outcome.get()
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
