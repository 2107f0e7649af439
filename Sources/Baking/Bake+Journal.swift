import Bakefiles
import OCI
import Planning
import Store
import SystemIO

extension Bake {
    /// Writes down how every step stood, for the reasons of the next plan and for `ovenbird why`.
    ///
    /// A step that was not come to keeps what was known of it.
    func recordSteps(_ result: BakeResult) throws {
        let images = result.images + result.failures.map(\.image) + result.skipped
        let variables = Dictionary(bakefile.variables.map { ($0.name, $0.value) }) { _, last in last }
        var steps: [BakedStep] = []
        for image in images {
            var parent: [Digest] = Array(image.layers.prefix(image.base == nil ? 0 : image.baseLayerCount))
            for (position, done) in image.steps.enumerated() {
                let record = StepRecord(
                    definition: done.planned.definition.document,
                    contentKey: done.contentKey,
                    parent: parent,
                    variables: variables
                )
                if let list = done.planned.reference?.locked?.packages {
                    try store.putInputListing([list.text], digest: list.digest)
                }
                for input in done.planned.inputs {
                    try store.putInputListing(input.tree.lines, digest: input.tree.digest)
                }
                steps.append(
                    entry(
                        done.planned,
                        of: image.name,
                        at: position,
                        record: record,
                        state: done.outcome.origin.rawValue,
                        reason: done.outcome.reason,
                        seconds: done.outcome.seconds
                    )
                )
                parent += done.outcome.layers
            }
        }
        for image in result.images {
            if let config = image.planned.config { steps.append(entry(config, of: image, variables)) }
        }
        try store.recordBakedSteps(steps)
    }

    private func entry(
        _ step: PlannedStep,
        of image: String,
        at position: Int,
        record: StepRecord,
        state: String,
        reason: String,
        seconds: Double
    ) -> BakedStep {
        BakedStep(
            project: plan.project,
            image: image,
            step: step.address,
            position: position,
            definitionKey: step.definitionKey.digest,
            contentKey: record.contentKey.digest,
            definition: record.document.canonicalText,
            inputs: Dictionary(step.inputs.map { ($0.name, $0.tree.digest) }) { first, _ in first },
            state: state,
            reason: reason,
            milliseconds: Int64(seconds * 1000),
            bake: identifier,
            finishedAt: currentSeconds()
        )
    }

    private func entry(
        _ config: PlannedConfig,
        of image: LayeredImage,
        _ variables: [String: String]
    ) -> BakedStep {
        let key = StepKey(definition: config.definition.key, parent: image.layers)
        let record = StepRecord(
            definition: config.definition.document,
            // What came of it: the next plan knows by this whether the image that it finds is the one of this bake.
            contentKey: image.finished.map { StepKey($0.identity) } ?? key,
            parent: image.layers,
            variables: variables
        )
        return BakedStep(
            project: plan.project,
            image: image.name,
            step: PlannedConfig.address,
            position: image.steps.count,
            definitionKey: config.definition.key.digest,
            contentKey: key.digest,
            definition: record.document.canonicalText,
            inputs: [:],
            state: (config.state.isCached ? StepOutcome.Origin.cached : .ran).rawValue,
            reason: config.reason,
            milliseconds: 0,
            bake: identifier,
            finishedAt: currentSeconds()
        )
    }
}
