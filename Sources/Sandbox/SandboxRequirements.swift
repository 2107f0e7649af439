import Glibc
import Subprocess
import SystemIO
import SystemPackage

/// What a host must have for sandboxes, as far as looking at files tells; each lack is an error with its remedy.
enum SandboxRequirements {
    /// Sub-ids that a user needs: all numbers of a Debian system.
    private static let subordinateCount = 65536

    /// The runtime that steps will use.
    static func check() throws(SandboxError) -> OCIRuntime {
        try checkNamespaces()
        return try runtime()
    }

    /// What a worker needs, whatever it runs.
    static func checkNamespaces() throws(SandboxError) {
        _ = try unshare()
        if geteuid() != 0 { try checkUserNamespaces() }
    }

    static func runtime() throws(SandboxError) -> OCIRuntime {
        if let runtime = OCIRuntime.find() { return runtime }
        throw SandboxError(
            .host,
            "there is no OCI runtime, and 'run' and 'packages' steps need one",
            why: "neither 'crun' nor 'runc' is installed",
            fix: "apt-get install crun"
        )
    }

    static func unshare() throws(SandboxError) -> FilePath {
        if let path = HostProgram.find("unshare") { return path }
        throw SandboxError(.host, "there is no program 'unshare'", fix: "apt-get install util-linux")
    }

    static func checkUserNamespaces() throws(SandboxError) {
        for name in ["newuidmap", "newgidmap"] where HostProgram.find(name) == nil {
            throw SandboxError(
                .host,
                "an ordinary user cannot run sandboxes here: there is no program '\(name)'",
                fix: "apt-get install uidmap, or run as root"
            )
        }
        for (setting, forbidden) in forbiddingSettings where read(setting) == forbidden {
            throw SandboxError(
                .host,
                "an ordinary user cannot run sandboxes here: user namespaces are switched off",
                why: "\(setting) is \(forbidden)",
                fix: "have root switch them on with sysctl, or run as root"
            )
        }
        let user = currentUser()
        for file in ["/etc/subuid", "/etc/subgid"]
        where subordinateIDs(of: user, uid: geteuid(), in: read(file) ?? "") < subordinateCount - 1 {
            let option = file == "/etc/subuid" ? "--add-subuids" : "--add-subgids"
            throw SandboxError(
                .host,
                "an ordinary user cannot run sandboxes here: '\(user)' has too few numbers in \(file)",
                why: "a root file system needs \(subordinateCount) users and groups of its own",
                fix: "have root run 'usermod \(option) 100000-165535 \(user)', or run as root"
            )
        }
    }

    /// The largest range of a user in the text of subuid(5) or subgid(5).
    static func subordinateIDs(of user: String, uid: UInt32, in text: String) -> Int {
        text.split(separator: "\n").compactMap { line -> Int? in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, fields[0] == user || fields[0] == String(uid) else { return nil }
            return Int(fields[2])
        }.max() ?? 0
    }

    /// Why a worker with its files in `folder` came to nothing, by what unshare or the worker said, and how it ended.
    static func explain(
        _ messages: String,
        _ status: TerminationStatus = .exited(1),
        in folder: FilePath? = nil
    ) -> SandboxError {
        let text = messages.split(separator: "\n").joined(separator: "; ")
        // unshare ends by the signal that ended its child. With SIGKILL it cannot: it then says that it could not unblock
        // what nobody can block (util-linux 2.38, sys-utils/unshare.c).
        var signal: Int32?
        if case .signaled(let number) = status { signal = number }
        if text.contains("sigprocmask unblock failed") { signal = SIGKILL }
        if let signal {
            return SandboxError(
                .system,
                "the sandbox was ended from outside, by signal \(signal)",
                why: signal == SIGKILL
                    ? "the kernel does so where memory has run out, and so can any administrator" : nil,
                fix: "bake again: nothing of the step has been kept"
            )
        }
        guard text.contains("unshare: ") || text.contains("newuidmap") || text.contains("newgidmap") else {
            let noSpace = status == .exited(SandboxWorker.noSpaceStatus)
            return SandboxError(
                .system,
                "the sandbox ended without a report" + (text.isEmpty ? "" : ": \(text)"),
                cause: noSpace ? .noSpace : folder.flatMap(SandboxError.Cause.found)
            )
        }
        if text.contains("failed to execute") {
            return SandboxError(.system, "cannot start the worker of the sandbox: \(text)")
        }
        if geteuid() == 0 {
            return SandboxError(
                .host,
                "the system forbids the namespaces of a sandbox: \(text)",
                why: "this root may have been stripped of its capabilities, as in a container",
                fix: "give the container CAP_SYS_ADMIN and its own /proc ('--privileged'), or run outside of it"
            )
        }
        return SandboxError(
            .host,
            "the system forbids an ordinary user the namespaces of a sandbox: \(text)",
            why: "user namespaces may be restricted (kernel.apparmor_restrict_unprivileged_userns, or a container)",
            fix: "lift the restriction, or run as root"
        )
    }

    static func currentUser() -> String {
        guard let entry = getpwuid(geteuid()), let name = entry.pointee.pw_name else { return String(geteuid()) }
        return String(cString: name)
    }

    /// Kernel settings that forbid user namespaces, and the value that does.
    private static let forbiddingSettings = [
        ("/proc/sys/user/max_user_namespaces", "0"), ("/proc/sys/kernel/unprivileged_userns_clone", "0"),
    ]

    private static func read(_ path: String) -> String? {
        guard let bytes = try? Files.read(FilePath(path), limit: 1 << 20) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
