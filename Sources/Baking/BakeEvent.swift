package import Planning
package import SystemIO
package import SystemPackage

/// What happens during a bake, for those who show it.
///
/// The engine emits these and formats nothing.
package enum BakeEvent: Sendable {
    case started(plan: Plan, jobs: Int)
    case stepStarted(StepName)
    /// Another bake holds the step; this one waits and then reuses its result.
    case stepWaiting(StepName)
    case stepFinished(StepName, StepOutcome)
    case stepFailed(StepName, StepFailure)
    /// A step that was not tried because of another's failure.
    case stepSkipped(StepName, because: StepName)
    case imageFinished(name: String, identity: Digest, layerCount: Int, size: Int64)
    case interrupted
    case finished(succeeded: Bool)
}

/// A step in a plan, as people address it: `web:run-2`.
package struct StepName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let image: String
    package let address: String

    package init(image: String, address: String) {
        self.image = image
        self.address = address
    }

    package var description: String { "\(image):\(address)" }

    package static func < (left: StepName, right: StepName) -> Bool {
        (left.image, left.address) < (right.image, right.address)
    }
}

/// How a step ended well.
package struct StepOutcome: Sendable, Hashable {
    package enum Origin: String, Sendable {
        /// The store had the result.
        case cached
        case ran
        /// Another bake made the result while this one waited.
        case reused
        /// The shared cache had the result.
        case shared
    }

    package let origin: Origin
    package let reason: String
    package let layers: [Digest]
    /// Bytes of its layers.
    package let size: Int64
    package let seconds: Double

    package init(origin: Origin, reason: String, layers: [Digest], size: Int64, seconds: Double) {
        self.origin = origin
        self.reason = reason
        self.layers = layers
        self.size = size
        self.seconds = seconds
    }
}

/// How a step failed: the first cause, and where its complete output is.
package struct StepFailure: Sendable, Hashable {
    package let message: String
    /// The complete output, nil for a step that has none.
    package let log: FilePath?
    package let seconds: Double

    package init(message: String, log: FilePath?, seconds: Double) {
        self.message = message
        self.log = log
        self.seconds = seconds
    }
}
