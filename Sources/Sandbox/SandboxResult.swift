package import SystemIO

/// How a step ended, and the layer that it left.
package struct SandboxResult: Codable, Sendable, Hashable {
    /// A written layer: uncompressed, so the digest is the diffID too.
    package struct Layer: Codable, Sendable, Hashable {
        package var digest: Digest
        /// Bytes.
        package var size: Int64

        package init(digest: Digest, size: Int64) {
            self.digest = digest
            self.size = size
        }
    }

    /// Of the step's process; 128 + signal where one ended it.
    package var exitStatus: Int32
    /// nil where the exit status is not 0.
    package var layer: Layer?

    package init(exitStatus: Int32, layer: Layer?) {
        self.exitStatus = exitStatus
        self.layer = layer
    }
}

/// What the worker leaves for its parent: a result, or why there is none.
struct WorkerReport: Codable {
    var result: SandboxResult?
    /// One for each probe.
    var answers: [ProbeAnswer]?
    var error: SandboxError?
}
