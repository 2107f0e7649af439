import OCI
import SystemIO
import SystemPackage

/// What the runtime is told to make: `config.json` of the OCI runtime specification 1.0.2.
struct RuntimeConfig {
    /// A mount into the root: the source is a path in the worker's namespace.
    struct Mount {
        var destination: String
        var type: String
        var source: String
        var options: [String]

        static func bind(_ source: FilePath, to destination: String, isReadOnly: Bool) -> Mount {
            // No device file in what is bound can be opened: the device controller of cgroups is not there to do it.
            let options = ["bind", isReadOnly ? "ro" : "rw", "nosuid", "nodev"]
            return Mount(destination: destination, type: "bind", source: source.string, options: options)
        }

        var json: JSONValue {
            .object([
                "destination": .string(destination), "type": .string(type), "source": .string(source),
                "options": .strings(options),
            ])
        }
    }

    var root: FilePath
    var arguments: [String]
    var environment: [String: String]
    var workingDirectory: String
    var user: RootAccounts.User
    var network: SandboxJob.Network
    var isInUserNamespace: Bool
    /// In the order in which they are made.
    var binds: [Mount]
    /// mount(8), by which the root loses its device files; not needed in a user namespace, where they never work.
    var mountProgram: FilePath?

    var json: JSONValue {
        .object([
            "ociVersion": "1.0.2",
            "process": process,
            "root": .object(["path": .string(root.string), "readonly": false]),
            "hostname": .string(SandboxJob.hostname),
            "mounts": .array((systemMounts + binds).map(\.json)),
            "hooks": hooks,
            "linux": .object([
                "namespaces": .array(namespaces.map { .object(["type": .string($0)]) }),
                "maskedPaths": .strings(Self.maskedPaths),
                "readonlyPaths": .strings(Self.readOnlyPaths),
            ]),
        ])
    }

    private var process: JSONValue {
        let capabilities = JSONValue.strings(Self.capabilities)
        // As in Docker: whoever is not root may only get what the programs that it runs give.
        let effective: JSONValue = user.uid == 0 ? capabilities : .array([])
        return .object([
            "terminal": false,
            "user": .object([
                "uid": .integer(Int64(user.uid)), "gid": .integer(Int64(user.gid)), "umask": 0o022,
                "additionalGids": .array(user.groups.map { .integer(Int64($0)) }),
            ]),
            "args": .strings(arguments),
            "env": .strings(environment.map { "\($0.key)=\($0.value)" }.sorted()),
            "cwd": .string(workingDirectory),
            "noNewPrivileges": false,
            "capabilities": .object([
                "bounding": capabilities, "effective": effective, "permitted": effective,
            ]),
        ])
    }

    private var namespaces: [String] {
        ["pid", "ipc", "uts", "mount"] + (network == .none ? ["network"] : [])
    }

    /// The runtime makes the mount of the root anew and forgets its flags, so they are set again before the step
    /// starts.
    private var hooks: JSONValue? {
        guard let mountProgram else { return nil }
        // The runtime writes to the hook's standard input and takes it for a failure when nobody reads that.
        let script = "cat > /dev/null && exec \"$0\" -n -o remount,bind,nodev \"$1\""
        return .object([
            "createContainer": .array([
                .object([
                    "path": "/bin/sh", "args": .strings(["sh", "-c", script, mountProgram.string, root.string]),
                    "env": .strings(["PATH=\(HostProgram.environment)"]),
                ])
            ])
        ])
    }

    private var systemMounts: [Mount] {
        [
            Mount(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
            Mount(
                destination: "/dev",
                type: "tmpfs",
                source: "tmpfs",
                options: ["nosuid", "noexec", "nodev", "strictatime", "mode=755", "size=65536k"]
            ),
            Mount(
                destination: "/dev/pts",
                type: "devpts",
                source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
            ),
            Mount(
                destination: "/dev/shm",
                type: "tmpfs",
                source: "shm",
                options: ["nosuid", "noexec", "nodev", "mode=1777", "size=1048576k"]
            ),
            systemFolder,
        ]
            + Self.devices.map { device in
                Mount(destination: device, type: "bind", source: device, options: ["bind", "nosuid", "noexec"])
            }
    }

    /// Only who owns a network namespace may mount its sysfs.
    private var systemFolder: Mount {
        if isInUserNamespace, network == .host {
            return Mount(
                destination: "/sys",
                type: "bind",
                source: "/sys",
                options: ["rbind", "nosuid", "noexec", "nodev", "ro"]
            )
        }
        return Mount(destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"])
    }

    /// Bound from the host, since no device file made in the container works.
    private static let devices = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"]

    /// Docker's default set.
    private static let capabilities = [
        "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
        "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID",
        "CAP_SYS_CHROOT",
    ]

    private static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
        "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
    ]

    private static let readOnlyPaths = [
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    ]
}
