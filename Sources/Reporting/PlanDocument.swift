import Bakefiles
import Diagnostics
package import OCI
package import Planning
import SystemIO

/// A plan as a JSON document, for machines.
///
/// The field names are stable; `schema` describes them.
package enum PlanDocument {
    package static let format: Int64 = 1

    /// `registrations` is what AWS said, where it was asked.
    package static func value(_ plan: Plan, registrations: JSONValue? = nil) -> JSONValue {
        .object([
            "plan": .integer(format),
            "project": .string(plan.project),
            "timestamp": .integer(plan.timestamp),
            "architecture": .string(plan.architecture),
            "changes": .bool(plan.hasChanges),
            "images": .array(plan.images.map(image)),
            "aws": registrations,
        ])
    }

    private static func image(_ planned: PlannedImage) -> JSONValue {
        .object([
            "name": .string(planned.name),
            "kind": .string(planned.image.kind.rawValue),
            "from": .string(planned.image.base.title),
            "steps": .array(planned.steps.map(step)),
            "config": planned.config.map(config),
        ])
    }

    private static func config(_ config: PlannedConfig) -> JSONValue {
        var dependsOn: String?
        if case .depends(let name) = config.state { dependsOn = name }
        return .object([
            "state": .string(stateName(config.state)),
            "dependsOn": dependsOn.map(JSONValue.string),
            "reason": .string(config.reason),
            "definitionKey": .string(config.definition.key.description),
            "stamp": config.stamp.map { JSONValue.strings($0) },
        ])
    }

    private static func step(_ step: PlannedStep) -> JSONValue {
        var dependsOn: String?
        if case .depends(let name) = step.state { dependsOn = name }
        return .object([
            "address": .string(step.address),
            "title": .string(step.title),
            "state": .string(stateName(step.state)),
            "dependsOn": dependsOn.map(JSONValue.string),
            "reason": .string(step.reason),
            "definitionKey": .string(step.definitionKey.description),
            "contentKey": step.contentKey.map { .string($0.description) },
            "resolved": step.resolvedAt.map { .string(Timestamp.text(seconds: $0)) },
            "ami": step.ami.map(JSONValue.string),
            "unpinned": step.isUnpinned ? true : nil,
            "pinned": step.reference?.locked?.packages.map { .string($0.digest.description) },
            "inputs": .array(
                step.inputs.map { input in
                    .object(["name": .string(input.name), "digest": .string(input.tree.digest.description)])
                }
            ),
            "place": step.place.map { place in
                .object([
                    "file": .string(place.file), "line": .integer(Int64(place.line)),
                    "column": .integer(Int64(place.column)),
                ])
            },
        ])
    }

    private static func stateName(_ state: PlannedStep.State) -> String {
        switch state {
        case .cached: "cached"
        case .willRun: "will-run"
        case .depends: "depends"
        }
    }
}
