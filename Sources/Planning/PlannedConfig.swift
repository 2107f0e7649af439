package import Bakefiles
package import OCI
import SystemIO

/// How an image's config stands: all that decides its identity but the content of its layers.
///
/// Where every step is cached and this is not, a bake makes an image of another identity, and so a new version.
package struct PlannedConfig: Sendable, Hashable {
    /// What plans and records call it beside the steps' addresses; no step can have the name.
    package static let address = "image"

    /// With the config's fields, the stamp, the disk and boot settings and the titles of the steps.
    package let definition: StepDefinition
    /// `depends` where the definition is as it was and a step is not cached.
    package let state: PlannedStep.State
    package let reason: String
    /// The labels of `labels: { stamp: true }`, an input of the image; nil where it takes none.
    package let stamp: [String: String]?

    package init(
        definition: StepDefinition,
        state: PlannedStep.State,
        reason: String,
        stamp: [String: String]? = nil
    ) {
        self.definition = definition
        self.state = state
        self.reason = reason
        self.stamp = stamp
    }
}

extension Image {
    /// What the config and the manifest say beside the layers; `below` stands for the config that is inherited, or for those
    /// of the members, by the images' names.
    func configFields(stamp: [String: String]?, below: [String: StepKey]) -> JSONValue {
        let base = if case .image(let name) = base { below[name] } else { StepKey?.none }
        return .object([
            "kind": .string(kind.rawValue),
            "from": base == nil ? .string(self.base.title) : nil,
            "base": base.map { .string($0.digest.short) },
            "platforms": members.isEmpty ? nil : .strings(below.mapValues(\.digest.short)),
            "steps": .strings(steps.map(\.action.title)),
            "config": config.fields,
            "machine": machine,
            "stamp": stamp.map { JSONValue.strings($0) },
        ])
    }
}

extension ImageSettings {
    /// Every field as a JSON value, under the Bakefile's keys; the stamp's labels are no field.
    package var fields: JSONValue {
        .object([
            "user": user.map(JSONValue.string),
            "workdir": workingDirectory.map(JSONValue.string),
            "entrypoint": entrypoint.map { JSONValue.strings($0) },
            "cmd": command.map { JSONValue.strings($0) },
            "env": .strings(environment),
            "ports": .strings(ports),
            "volumes": .strings(volumes),
            "labels": .strings(labels),
            "stop-signal": stopSignal.map(JSONValue.string),
            "stop-timeout": stopTimeout.map(JSONValue.integer),
            "healthcheck": healthcheck.map(\.fields),
            "shell": shell.map { JSONValue.strings($0) },
            "on-build": .strings(onBuild),
            "author": author.map(JSONValue.string),
        ])
    }
}

extension ImageSettings.Healthcheck {
    fileprivate var fields: JSONValue {
        .object([
            "test": .strings(test),
            "interval": interval.map(JSONValue.integer),
            "timeout": timeout.map(JSONValue.integer),
            "start-period": startPeriod.map(JSONValue.integer),
            "retries": retries.map(JSONValue.integer),
        ])
    }
}
