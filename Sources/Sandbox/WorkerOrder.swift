import SystemPackage

/// What a worker is to do, and where it leaves its report.
struct WorkerOrder: Codable {
    /// A program of the host, as root of the namespaces; its messages go to the log.
    struct Command: Codable {
        var program: FilePath
        var arguments: [String]
        var environment: [String: String]
        /// Takes its standard output.
        var output: FilePath
        /// As in `SandboxJob`.
        var emulator: String?
    }

    enum Work: Codable {
        case run(SandboxJob, OCIRuntime)
        /// Runs a program for so many seconds at most, and makes no layer of what it leaves.
        case check(SandboxJob, OCIRuntime, limit: Double)
        /// Starts a program and asks it, until all is answered or it ends.
        case probe(SandboxJob, OCIRuntime, [ServiceProbe])
        case command(Command)
        /// Files that belong to sub-ids, which only a user namespace can remove.
        case remove([FilePath])
        /// Tries, in an own empty folder, the mounts that every step needs.
        case tryMounts(FilePath)
    }

    var work: Work
    var report: FilePath
}

extension WorkerOrder.Work {
    /// Whether the worker has a network of its own.
    var hasNetwork: Bool { if case .probe = self { true } else { false } }
}
