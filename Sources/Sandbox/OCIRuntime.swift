import SystemIO
package import SystemPackage

/// The program that makes a container of a root and a configuration (OCI runtime specification).
package struct OCIRuntime: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        /// Preferred: it can do without cgroups, so it leaves nothing behind when it is killed, and the step writes
        /// straight to the log.
        case crun
        /// Copies standard output and standard error side by side: all arrives, but not always in the step's order.
        /// When it is killed, an empty cgroup may stay.
        case runc
    }

    package var kind: Kind
    package var path: FilePath

    package init(kind: Kind, path: FilePath) {
        self.kind = kind
        self.path = path
    }

    /// The first that the host has.
    package static func find() -> OCIRuntime? {
        for kind in Kind.allCases {
            if let path = HostProgram.find(kind.rawValue) { return OCIRuntime(kind: kind, path: path) }
        }
        return nil
    }

    /// Runs the container `name` of the bundle in the current folder, its messages going to the file `log`.
    func arguments(name: String, state: FilePath, log: FilePath) -> [String] {
        let common = ["--root", state.string, "--log", log.string, "--log-format", "json"]
        // crun cannot work under hybrid cgroups unless it is told to leave them alone; runc has no such switch.
        let cgroups = kind == .crun ? ["--cgroup-manager=disabled"] : []
        return common + cgroups + ["run", "--bundle", ".", name]
    }
}

/// Programs of the host that the sandbox leans on.
enum HostProgram {
    /// System folders only: what is used must not depend on the caller's PATH.
    private static let folders: [FilePath] = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]

    /// What those programs may see of the environment.
    static let environment = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    static func find(_ name: String) -> FilePath? {
        folders.map { $0.appending(name) }.first { Files.exists($0) }
    }
}
