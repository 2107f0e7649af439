import SystemIO

extension VolatileFile {
    /// What apt, dpkg and the programs that packages start leave behind, and that tells of the run and not of its
    /// result.
    ///
    /// Such a file differs between two equal runs, or depends on the way to the result, or is meant for one machine
    /// alone.
    package static let ofPackages: [VolatileFile] = [
        // Indexes and packages as downloaded: bound from a cache in a 'packages' step, and in the root of no use.
        VolatileFile("/var/lib/apt/lists/*"),
        VolatileFile("/var/cache/apt/archives/*"),
        // Memory maps of the indexes, with times and addresses.
        VolatileFile("/var/cache/apt/pkgcache.bin"),
        VolatileFile("/var/cache/apt/srcpkgcache.bin"),
        // Times, and the words of a terminal.
        VolatileFile("/var/log/apt/*"),
        VolatileFile("/var/log/dpkg.log"),
        VolatileFile("/var/log/alternatives.log"),
        VolatileFile("/var/log/bootstrap.log"),
        VolatileFile("/var/log/fontconfig.log"),
        // Inode numbers and times of the libraries that ldconfig saw.
        VolatileFile("/var/cache/ldconfig/aux-cache"),
        // What was there before the last change: how many changes there were depends on the way, not on the result.
        VolatileFile("/var/lib/dpkg/*-old"),
        VolatileFile("/var/cache/debconf/*-old"),
        VolatileFile("/var/backups/*"),
        // Locks are files that only say who was there.
        VolatileFile("/var/lib/dpkg/lock"),
        VolatileFile("/var/lib/dpkg/lock-frontend"),
        VolatileFile("/var/lib/dpkg/triggers/Lock"),
        VolatileFile("/var/cache/debconf/*.lock"),
        // A file position of each message, with the time of the build.
        VolatileFile("/var/lib/systemd/catalog/database"),
        // Names the machine: an empty file makes systemd write a new one at the first boot (machine-id(5)).
        VolatileFile("/etc/machine-id", .empty),
        VolatileFile("/var/lib/dbus/machine-id"),
        // Would be equal on all machines of the image, and is made at the first boot where it is missing.
        VolatileFile("/var/lib/systemd/random-seed"),
        // Backups that the account tools make of what they change.
        VolatileFile("/etc/passwd-"),
        VolatileFile("/etc/group-"),
        VolatileFile("/etc/shadow-"),
        VolatileFile("/etc/gshadow-"),
        VolatileFile("/etc/subuid-"),
        VolatileFile("/etc/subgid-"),
        // For the time of the run only, by their purpose (file-hierarchy(7)).
        VolatileFile("/tmp/*"),
        VolatileFile("/var/tmp/*"),
        VolatileFile("/run/*"),
    ]

    /// What mmdebstrap takes from the host, or a runtime gives each machine anew.
    package static let ofDebianRoots: [VolatileFile] =
        ofPackages + [
            // The host's mirror; what the Bakefile states is in sources.list.
            VolatileFile("/etc/apt/sources.list.d/*"),
            VolatileFile("/etc/hostname"),
            VolatileFile("/etc/resolv.conf"),
            VolatileFile("/dev/*"),
            VolatileFile("/proc/*"),
            VolatileFile("/sys/*"),
        ]

    /// Whether this is about `path` (absolute), or about a folder that `path` is in.
    package func covers(_ path: String) -> Bool {
        let wanted = pattern.pathComponents
        let have = path.pathComponents
        guard let last = wanted.last, have.count >= wanted.count else { return false }
        return zip(have, wanted.dropLast()).allSatisfy { $0.hasSameBytes(as: $1) }
            && wildcard(last, matches: Array(have[wanted.count - 1].utf8))
    }
}
