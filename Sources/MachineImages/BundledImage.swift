package import Bakefiles
package import Baking
package import OCI
package import Planning
package import SystemIO

/// A machine image as its step bundles need it: where it starts, and what each step says and left.
package struct BundledImage: Sendable {
    /// What the first step is applied to.
    package struct Start: Sendable, Hashable {
        /// In one line: `debian bookworm (important)`.
        package var title: String
        /// All that decides it; nil for another image of the Bakefile and for `scratch`.
        package var definition: JSONValue?
        package var layers: [Digest]
        /// The AMI of which there are no layers, as `ami` and `region`.
        package var ami: JSONValue?

        package init(title: String, definition: JSONValue?, layers: [Digest], ami: JSONValue? = nil) {
            self.title = title
            self.definition = definition
            self.layers = layers
            self.ami = ami
        }
    }

    /// One step, its inputs and its layers.
    package struct Part: Sendable, Hashable {
        package var address: String
        package var title: String
        package var action: Step.Action
        package var definition: JSONValue
        package var inputs: [StepInput]
        package var layers: [Digest]

        package init(
            address: String,
            title: String,
            action: Step.Action,
            definition: JSONValue,
            inputs: [StepInput],
            layers: [Digest]
        ) {
            self.address = address
            self.title = title
            self.action = action
            self.definition = definition
            self.inputs = inputs
            self.layers = layers
        }
    }

    package var project: String
    package var name: String
    package var identity: Digest
    package var manifest: ContentDescriptor
    package var architecture: String
    /// T: seconds since 1970.
    package var timestamp: Int64
    package var start: Start
    package var steps: [Part]

    package init(
        project: String,
        name: String,
        identity: Digest,
        manifest: ContentDescriptor,
        architecture: String,
        timestamp: Int64,
        start: Start,
        steps: [Part]
    ) {
        self.project = project
        self.name = name
        self.identity = identity
        self.manifest = manifest
        self.architecture = architecture
        self.timestamp = timestamp
        self.start = start
        self.steps = steps
    }

    /// The image as a bake left it; `manifest` is what an index says of it.
    package init(_ image: LayeredImage, of plan: Plan, identity: Digest, manifest: ContentDescriptor) {
        let base = image.steps.first { if case .base = $0.planned.work { true } else { false } }
        self.init(
            project: plan.project,
            name: image.name,
            identity: identity,
            manifest: manifest,
            architecture: image.platform(onHost: plan.architecture).architectureName,
            timestamp: plan.timestamp,
            start: Start(
                title: image.image.base.title,
                definition: base?.planned.definition.document,
                layers: image.sourceAMI == nil ? Array(image.layers.prefix(image.baseLayerCount)) : [],
                ami: image.sourceAMI
            ),
            steps: image.steps.compactMap { done in
                guard case .step(let step) = done.planned.work else { return nil }
                return Part(
                    address: step.address,
                    title: step.action.title,
                    action: step.action,
                    definition: done.planned.definition.document,
                    inputs: done.planned.inputs,
                    layers: done.outcome.layers
                )
            }
        )
    }
}
