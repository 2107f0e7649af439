import Glibc
import OCI
import Store
import SystemIO
import SystemPackage

/// What this host can do, found out by trying.
struct Doctor {
    /// What was found about one ability.
    struct Finding {
        enum State: String {
            case good
            /// Something else works, or less of it.
            case limited
            case missing
        }

        let name: String
        let state: State
        let detail: String
        /// What it is for.
        let purpose: String
        let fix: String?
        /// Nothing can be baked without it.
        var isEssential = false

        var document: JSONValue {
            .object([
                "name": .string(name), "state": .string(state.rawValue), "detail": .string(detail),
                "purpose": .string(purpose), "fix": fix.map(JSONValue.string), "essential": .bool(isEssential),
            ])
        }
    }

    let storePath: FilePath
    let isRoot = geteuid() == 0

    func examine() async -> [Finding] {
        [
            storeFolder(), diskSpace(), await runtime(), await userNamespaces(), await overlay(), await debianRoots(),
            await engine(), await git(), await graphviz(),
        ]
    }

    private func storeFolder() -> Finding {
        let existing = nearestExisting(storePath)
        let isWritable = existing.withPlatformString { access($0, W_OK | X_OK) } == 0
        return Finding(
            name: "store",
            state: isWritable ? .good : .missing,
            detail: isWritable ? "'\(storePath)' can be written" : "'\(existing)' cannot be written",
            purpose: "keeping layers and images",
            fix: isWritable ? nil : "pass '--store FOLDER', or set OVENBIRD_STORE",
            isEssential: true
        )
    }

    private func diskSpace() -> Finding {
        let free = FileSystemSpace.free(at: nearestExisting(storePath))
        let needed: Int64 = 5_000_000_000
        return Finding(
            name: "disk space",
            state: free.map { $0 >= needed ? .good : $0 >= 200_000_000 ? .limited : .missing } ?? .limited,
            detail: free.map { "\($0 / 1_000_000) MB free for the store" } ?? "the free space is not known",
            purpose: "keeping layers and images; a Debian machine image takes 1 to 3 GB",
            fix: (free ?? 0) >= needed ? nil : "free some space, or put the store elsewhere with '--store FOLDER'",
            isEssential: true
        )
    }

    private func runtime() async -> Finding {
        let purpose = "'run' and 'packages' steps"
        for name in ["crun", "runc"] {
            if let version = await Probe.firstLine(name, ["--version"]) {
                return Finding(name: "OCI runtime", state: .good, detail: version, purpose: purpose, fix: nil)
            }
        }
        return Finding(
            name: "OCI runtime",
            state: .missing,
            detail: "neither crun nor runc is on the PATH",
            purpose: purpose,
            fix: "install the package 'crun'"
        )
    }

    private func userNamespaces() async -> Finding {
        let purpose = "running steps as an ordinary user"
        if isRoot {
            return Finding(
                name: "user namespaces",
                state: .good,
                detail: "not needed: ovenbird runs as root",
                purpose: purpose,
                fix: nil
            )
        }
        guard await Probe.succeeds("unshare", ["--user", "--map-root-user", "true"]) else {
            return Finding(
                name: "user namespaces",
                state: .missing,
                detail: "the kernel does not give one to this user",
                purpose: purpose,
                fix: "ask the administrator for 'sysctl kernel.unprivileged_userns_clone=1', or run as root"
            )
        }
        let hasMapping = await Probe.succeeds("newuidmap", [], orStatus: 1)
        let hasRange = SubordinateIDs.isListed(user: getuid(), in: "/etc/subuid")
        if hasMapping, hasRange {
            return Finding(
                name: "user namespaces",
                state: .good,
                detail: "with subordinate ids",
                purpose: purpose,
                fix: nil
            )
        }
        return Finding(
            name: "user namespaces",
            state: .missing,
            detail: hasMapping ? "/etc/subuid has no ids for this user" : "newuidmap is not on the PATH",
            purpose: purpose,
            fix: hasMapping
                ? "ask the administrator for 'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER'"
                : "install the package 'uidmap'"
        )
    }

    private func overlay() async -> Finding {
        let namespaces = isRoot ? ["--mount"] : ["--user", "--map-root-user", "--mount"]
        // The scratch tmpfs is gone with the namespace.
        let script = """
            mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir lower upper work merged \
            && mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged
            """
        let works = await Probe.succeeds("unshare", namespaces + ["sh", "-c", script])
        return Finding(
            name: "overlay",
            state: works ? .good : .missing,
            detail: works ? "the kernel mounts it" : "mounting one failed",
            purpose: "'run' and 'packages' steps",
            fix: works ? nil : "load the module with 'modprobe overlay', or run where mounting is allowed"
        )
    }

    private func debianRoots() async -> Finding {
        await program("mmdebstrap", ["--version"], name: "mmdebstrap", purpose: "'from: { debian: SUITE }'")
    }

    private func git() async -> Finding {
        await program("git", ["--version"], name: "git", purpose: "the commit in a release, and 'version: git'")
    }

    private func graphviz() async -> Finding {
        await program("dot", ["-V"], name: "graphviz", purpose: "'ovenbird graph --format svg'", package: "graphviz")
    }

    private func engine() async -> Finding {
        let purpose = "'ovenbird load'"
        if let version = await Probe.firstLine("docker", ["version", "--format", "docker {{.Server.Version}}"]) {
            return Finding(name: "container engine", state: .good, detail: version, purpose: purpose, fix: nil)
        }
        if let version = await Probe.firstLine("podman", ["--version"]) {
            return Finding(name: "container engine", state: .good, detail: version, purpose: purpose, fix: nil)
        }
        let hasClient = await Probe.succeeds("docker", ["--version"])
        return Finding(
            name: "container engine",
            state: .missing,
            detail: hasClient ? "the docker engine does not answer" : "neither docker nor podman is on the PATH",
            purpose: purpose,
            fix: hasClient ? "start it with 'systemctl start docker'" : "install the package 'docker.io' or 'podman'"
        )
    }

    private func program(
        _ program: String,
        _ arguments: [String],
        name: String,
        purpose: String,
        package: String? = nil
    ) async -> Finding {
        let line = await Probe.firstLine(program, arguments)
        return Finding(
            name: name,
            state: line == nil ? .missing : .good,
            detail: line ?? "'\(program)' is not on the PATH",
            purpose: purpose,
            fix: line == nil ? "install the package '\(package ?? program)'" : nil
        )
    }

    private func nearestExisting(_ path: FilePath) -> FilePath {
        var place = path
        while !Files.exists(place) {
            let above = place.removingLastComponent()
            if above.isEmpty { return "." }
            if above == place { return place }
            place = above
        }
        return place
    }
}
