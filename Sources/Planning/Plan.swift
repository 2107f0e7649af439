package import Bakefiles
package import Diagnostics

/// Every step of the images asked for, in order, with its keys and the reason why it will or will not run.
package struct Plan: Sendable, Hashable {
    package let project: String
    /// T, seconds since 1970.
    package let timestamp: Int64
    /// That of the machine that bakes, as OCI writes it: `amd64`.
    package let architecture: String
    /// Every image after those that it needs.
    package let images: [PlannedImage]

    package init(project: String, timestamp: Int64, architecture: String, images: [PlannedImage]) {
        self.project = project
        self.timestamp = timestamp
        self.architecture = architecture
        self.images = images
    }

    /// Whether a bake would run anything or make another image, for certain or perhaps.
    package var hasChanges: Bool {
        images.contains(where: \.hasChanges)
    }

    package func image(named name: String) -> PlannedImage? { images.first { $0.name == name } }
}

/// The plan of one image.
package struct PlannedImage: Sendable, Hashable {
    package let image: Image
    /// The base is the first, with the address `from`, unless it is `scratch` or an image of the same Bakefile.
    package let steps: [PlannedStep]
    /// What the image says beside its layers; nil in a plan that was not made by a `Planner`.
    package let config: PlannedConfig?

    package init(image: Image, steps: [PlannedStep], config: PlannedConfig? = nil) {
        self.image = image
        self.steps = steps
        self.config = config
    }

    package var name: String { image.name }

    /// Whether a bake would run anything of it or make another image, for certain or perhaps.
    package var hasChanges: Bool {
        steps.contains { !$0.state.isCached } || config.map { !$0.state.isCached } ?? false
    }
}

/// One step of a plan.
package struct PlannedStep: Sendable, Hashable {
    package enum Work: Sendable, Hashable {
        case base(Base)
        case step(Step)
    }

    package enum State: Sendable, Hashable {
        /// The store has the result.
        case cached
        case willRun
        /// Runs only if the named step or image gives other bytes than before.
        case depends(on: String)

        package var isCached: Bool { self == .cached }

        /// The word that people and machines read.
        package var word: String {
            switch self {
            case .cached: "cached"
            case .willRun: "will run"
            case .depends: "depends"
            }
        }
    }

    package let work: Work
    package let definition: StepDefinition
    package let inputs: [StepInput]
    /// nil where it hangs on a result that is not there yet.
    package let contentKey: StepKey?
    package let state: State
    /// Why it runs, may run, or does not.
    package let reason: String
    /// Of a moving reference that nothing pins: when it was resolved, seconds since 1970.
    package let resolvedAt: Int64?
    /// nil for a step that asks for nothing that moves.
    package let reference: MovingReference?
    /// The AMI that a base was found to be, or that the lock says; nil for other steps, and where that is not known.
    package let ami: String?
    /// Whether a machine of EC2 does it, and nothing but what the machine is sent is made here.
    package let isStaged: Bool

    package init(
        work: Work,
        definition: StepDefinition,
        inputs: [StepInput],
        contentKey: StepKey?,
        state: State,
        reason: String,
        resolvedAt: Int64? = nil,
        reference: MovingReference? = nil,
        ami: String? = nil,
        isStaged: Bool = false
    ) {
        self.work = work
        self.definition = definition
        self.inputs = inputs
        self.contentKey = contentKey
        self.state = state
        self.reason = reason
        self.resolvedAt = resolvedAt
        self.reference = reference
        self.ami = ami
        self.isStaged = isStaged
    }

    /// Whether its result depends on when it is made, and no lock says which it is to be.
    package var isUnpinned: Bool { work.isMoving && !isStaged && reference?.locked == nil }

    package var definitionKey: StepKey { definition.key }

    /// `from`, or the step's name or kind and ordinal.
    package var address: String {
        switch work {
        case .base: "from"
        case .step(let step): step.address
        }
    }

    package var place: SourcePlace? {
        switch work {
        case .base: nil
        case .step(let step): step.place
        }
    }

    /// What it does, in a few words.
    package var title: String {
        switch work {
        case .base(let base): base.title
        case .step(let step): isStaged ? "stage \(step.action.title)" : step.action.title
        }
    }
}

/// What a step reads from outside the image.
package struct StepInput: Sendable, Hashable {
    /// As the user named it.
    package let name: String
    package let path: InputPath
    package let tree: InputTree

    package init(name: String, path: InputPath, tree: InputTree) {
        self.name = name
        self.path = path
        self.tree = tree
    }
}
