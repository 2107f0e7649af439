package import SystemIO

/// The identity of an image: the digest of its config, which names the layers by diffID.
package typealias ImageIdentity = Digest

/// The config of an image: what it is made of and how it starts.
///
/// Source: OCI image specification 1.1, config.md. Members that the specification does not know are dropped, apart from
/// those of Docker that change how a container runs.
package struct ImageConfig: Hashable, Sendable {
    /// RFC 3339, as it was written.
    package var created: String?
    package var author: String?
    package var platform: Platform
    package var execution: Execution
    /// Digests of the uncompressed layers, lowest first.
    package var diffIDs: [Digest]
    package var history: [HistoryEntry]

    package init(
        created: String? = nil,
        author: String? = nil,
        platform: Platform,
        execution: Execution = Execution(),
        diffIDs: [Digest] = [],
        history: [HistoryEntry] = []
    ) {
        self.created = created
        self.author = author
        self.platform = platform
        self.execution = execution
        self.diffIDs = diffIDs
        self.history = history
    }

    /// The bytes that are stored; their digest is the image's identity.
    package var bytes: [UInt8] { json.canonicalBytes }

    package var identity: ImageIdentity { Digester.digest(of: bytes) }

    /// How a container of the image runs (the member `config`).
    ///
    /// Empty means not said.
    package struct Execution: Hashable, Sendable {
        package var user = ""
        /// `80/tcp`; sorted when written.
        package var exposedPorts: [String] = []
        /// `NAME=value`, in order.
        package var environment: [String] = []
        package var entrypoint: [String] = []
        package var command: [String] = []
        /// Paths; sorted when written.
        package var volumes: [String] = []
        package var workingFolder = ""
        package var labels: [String: String] = [:]
        package var stopSignal = ""
        /// Docker's, not the specification's.
        package var healthcheck: Healthcheck?
        /// Docker's: what runs the shell form of instructions.
        package var shell: [String] = []
        /// Docker's: instructions that run when the image is built upon.
        package var onBuild: [String] = []
        /// Docker's: seconds between the stop signal and the kill.
        package var stopTimeout: Int64?

        package init() {}
    }

    /// Docker's check of a running container; durations are nanoseconds.
    package struct Healthcheck: Hashable, Sendable {
        /// `["CMD", ...]`, `["CMD-SHELL", text]`, or `["NONE"]`.
        package var test: [String]
        package var interval: Int64?
        package var timeout: Int64?
        package var startPeriod: Int64?
        package var startInterval: Int64?
        package var retries: Int64?

        package init(
            test: [String],
            interval: Int64? = nil,
            timeout: Int64? = nil,
            startPeriod: Int64? = nil,
            startInterval: Int64? = nil,
            retries: Int64? = nil
        ) {
            self.test = test
            self.interval = interval
            self.timeout = timeout
            self.startPeriod = startPeriod
            self.startInterval = startInterval
            self.retries = retries
        }
    }

    /// How a layer, or a change of the config alone (`emptyLayer`), came to be.
    package struct HistoryEntry: Hashable, Sendable {
        package var created: String?
        package var createdBy: String?
        package var author: String?
        package var comment: String?
        package var emptyLayer: Bool

        package init(
            created: String? = nil,
            createdBy: String? = nil,
            author: String? = nil,
            comment: String? = nil,
            emptyLayer: Bool = false
        ) {
            self.created = created
            self.createdBy = createdBy
            self.author = author
            self.comment = comment
            self.emptyLayer = emptyLayer
        }
    }
}
