package import Bakefiles
package import OCI
package import Planning
import Store
package import SystemIO

/// What a bake left: the images that are whole, and the steps that failed.
package struct BakeResult: Sendable {
    package struct Failure: Sendable {
        package let step: StepName
        package let failure: StepFailure
        /// The image with the steps that were done.
        package let image: LayeredImage

        package init(step: StepName, failure: StepFailure, image: LayeredImage) {
            self.step = step
            self.failure = failure
            self.image = image
        }
    }

    /// In the plan's order.
    package let images: [LayeredImage]
    package let failures: [Failure]
    /// Images that were left because of a failure elsewhere, with the steps that were done.
    package let skipped: [LayeredImage]

    package init(images: [LayeredImage], failures: [Failure], skipped: [LayeredImage] = []) {
        self.images = images
        self.failures = failures
        self.skipped = skipped
    }

    package var succeeded: Bool { failures.isEmpty }
}

/// An image whose layers are all in the store.
package struct LayeredImage: Sendable {
    /// A step with what it left.
    package struct DoneStep: Sendable {
        package let planned: PlannedStep
        package let contentKey: StepKey
        package let outcome: StepOutcome
        /// What it is made of, where that was asked of something that moves and is known.
        package let resolution: Lock.Entry?

        package init(
            planned: PlannedStep,
            contentKey: StepKey,
            outcome: StepOutcome,
            resolution: Lock.Entry? = nil
        ) {
            self.resolution = resolution
            self.planned = planned
            self.contentKey = contentKey
            self.outcome = outcome
        }
    }

    package let planned: PlannedImage
    /// All of them, the base's first; of one that starts from an AMI the first says which, and the others its machine gets.
    package internal(set) var layers: [Digest]
    /// The config that an imported base brings with it.
    package internal(set) var baseConfig: JSONValue?
    package internal(set) var steps: [DoneStep]
    /// The image of the same Bakefile that this one starts from, and how many of the layers are its.
    package internal(set) var base: String?
    package internal(set) var baseLayerCount = 0
    /// The images that it is made of, where it is one for several platforms.
    package internal(set) var members: [LayeredImage] = []
    /// What it is called, once it is an image.
    package internal(set) var finished: FinishedImage?

    init(planned: PlannedImage, layers: [Digest], baseConfig: JSONValue?, steps: [DoneStep]) {
        self.planned = planned
        self.layers = layers
        self.baseConfig = baseConfig
        self.steps = steps
    }

    /// The id and the region of the AMI that it starts from, as `ami` and `region`; nil for one that has layers.
    package var sourceAMI: JSONValue? { image.sourceAMI == nil ? nil : baseConfig }

    package var name: String { planned.name }

    package var image: Image { planned.image }

    /// Bytes of the layers that its own steps left, or those of its members; none of an image that starts from an AMI.
    package var size: Int64 {
        (image.sourceAMI == nil ? steps.reduce(0) { $0 + $1.outcome.size } : 0) + members.reduce(0) { $0 + $1.size }
    }

    /// Its layers, or those of its members.
    package var layerCount: Int {
        (image.sourceAMI == nil ? layers.count : 0) + members.reduce(0) { $0 + $1.layers.count }
    }

    /// What it is for: what the Bakefile says, else the machine of the architecture.
    package func platform(onHost architecture: String) -> Platform {
        image.platform ?? Platform(architectureName: architecture)
    }

    mutating func append(_ step: PlannedStep, _ done: StepExecutor.Done) {
        layers += done.result.layers
        if case .base = step.work {
            baseConfig = done.result.baseConfig
            baseLayerCount = layers.count
        }
        steps.append(
            DoneStep(planned: step, contentKey: done.contentKey, outcome: done.outcome, resolution: done.resolution)
        )
    }
}

/// The documents that make layers an image, or images one for several platforms.
package struct FinishedImage: Sendable, Hashable {
    /// The digest of the config; of an image for several platforms that of the index of its members as they are in the
    /// store.
    package let identity: Digest
    package let manifest: Digest

    package init(identity: Digest, manifest: Digest) {
        self.identity = identity
        self.manifest = manifest
    }
}

/// What a step made: layers that are in the store, uncompressed, and the config that a base brings with it.
package struct MadeLayers: Sendable {
    package let layers: [Digest]
    package let config: JSONValue?
    /// What it is made of, where that was asked of something that moves.
    package internal(set) var resolution: Lock.Entry?
    /// Of a registry's image: the manifest or index that its reference stood for.
    package let entry: Digest?
    /// Of a registry's image that is taken along whole: what it is called in the store.
    package let image: FinishedImage?

    package init(
        layers: [Digest],
        config: JSONValue?,
        resolution: Lock.Entry? = nil,
        entry: Digest? = nil,
        image: FinishedImage? = nil
    ) {
        self.layers = layers
        self.config = config
        self.resolution = resolution
        self.entry = entry
        self.image = image
    }
}
