package import SystemIO
package import SystemPackage

/// One step to run: what it starts from, what it runs, what it may see, and where its layer goes.
///
/// Written to a file for the worker; nothing of the host but what is named here reaches the step.
package struct SandboxJob: Codable, Sendable {
    /// A layer of the parent, lowest first: its uncompressed tar.
    package struct Layer: Codable, Sendable, Hashable {
        package var diffID: Digest
        package var blob: FilePath

        package init(diffID: Digest, blob: FilePath) {
            self.diffID = diffID
            self.blob = blob
        }
    }

    package enum Network: String, Codable, Sendable {
        /// Its own network with nothing but a loopback interface.
        case none
        /// The host's network, with the host's resolver and hosts file in place of the root's.
        case host
        /// The worker's own, with nothing but a loopback interface, so that the worker reaches what listens in it.
        case worker
    }

    package var layers: [Layer]
    /// Where unpacked layers are kept between steps: of this user, since the numbers on disk differ.
    package var rootsFolder: FilePath
    /// An own, existing, empty folder on the disk of the roots, for the upper folder; emptied when the run ends.
    package var scratch: FilePath
    package var arguments: [String]
    /// All of the environment; only `HOME` is added where it is missing.
    package var environment: [String: String]
    /// Absolute; must exist in the root.
    package var workingDirectory: String
    /// `USER[:GROUP]`, each a name of the root's own files or a number.
    package var user: String
    package var network: Network
    package var binds: [SandboxBind]
    /// Seconds since 1970: later modification times become this one.
    package var timestamp: Int64
    /// What is not to be in the layer although the step wrote it.
    package var volatile: [VolatileFile]
    /// Where the layer is written: an uncompressed tar, synced.
    package var output: FilePath
    /// What runs its programs, where the sandbox has to register it: see `Emulation`.
    package var emulator: String?

    package init(
        layers: [Layer],
        rootsFolder: FilePath,
        scratch: FilePath,
        arguments: [String],
        environment: [String: String],
        workingDirectory: String = "/",
        user: String = "0:0",
        network: Network = .none,
        binds: [SandboxBind] = [],
        timestamp: Int64,
        volatile: [VolatileFile] = [],
        output: FilePath,
        emulator: String? = nil
    ) {
        self.layers = layers
        self.rootsFolder = rootsFolder
        self.scratch = scratch
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.network = network
        self.binds = binds
        self.timestamp = timestamp
        self.volatile = volatile
        self.output = output
        self.emulator = emulator
    }

    /// The name that every step sees as its machine's.
    package static let hostname = "ovenbird"

    /// What every step finds in its environment unless the Bakefile says otherwise; nothing of it depends on the host.
    package static func standardEnvironment(timestamp: Int64) -> [String: String] {
        [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "HOSTNAME": hostname,
            "SOURCE_DATE_EPOCH": String(timestamp),
        ]
    }
}

/// Something that a step sees for its time and that never enters its layer.
package struct SandboxBind: Codable, Sendable, Hashable {
    package enum Source: Codable, Sendable, Hashable {
        /// A file or folder of the host; never a symlink.
        case path(FilePath)
        /// A file with this content and these permission bits, root's.
        case content(String, mode: UInt32)
        /// The same of bytes that need not be text.
        case bytes([UInt8], mode: UInt32)
    }

    package var source: Source
    /// Absolute, without `..`; symlinks are followed inside the root.
    package var target: String
    package var isReadOnly: Bool

    package init(_ source: Source, at target: String, isReadOnly: Bool) {
        self.source = source
        self.target = target
        self.isReadOnly = isReadOnly
    }
}

/// Files that a step leaves behind and that say when or where it ran, but nothing of what it made.
package struct VolatileFile: Codable, Sendable, Hashable {
    package enum Treatment: String, Codable, Sendable {
        /// As the parent has it: absent where the parent has none.
        case restore
        /// Empty, where the step left a regular file.
        case empty
    }

    /// Absolute; the last component may hold `*`, which stands for any text, and names what is in a folder then.
    package var pattern: String
    package var treatment: Treatment

    package init(_ pattern: String, _ treatment: Treatment = .restore) {
        self.pattern = pattern
        self.treatment = treatment
    }
}
