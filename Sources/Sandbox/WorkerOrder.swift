import SystemPackage

/// What a worker is to do, and where it leaves its report.
struct WorkerOrder: Codable {
    enum Work: Codable {
        case run(SandboxJob, OCIRuntime)
        /// Files that belong to sub-ids, which only a user namespace can remove.
        case remove([FilePath])
        /// Tries, in an own empty folder, the mounts that every step needs.
        case tryMounts(FilePath)
    }

    var work: Work
    var report: FilePath
}
