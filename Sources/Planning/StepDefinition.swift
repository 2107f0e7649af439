package import Bakefiles
package import OCI
package import SystemIO

/// All that decides a step's result but the layers that it starts from: what its definition key is the digest of.
///
/// Every field of a step is in here; a field that were not would make two different steps share a result.
package struct StepDefinition: Sendable, Hashable {
    /// Raised when the same definition would give other bytes than it did with an older ovenbird.
    package static let format: Int64 = 1

    package let document: JSONValue
    package let key: StepKey
    /// What it is for, with the variant where there is one: `amd64`, `arm/v7`.
    package let architecture: String

    /// `kind` is the step's key in the Bakefile or `from`, `inputs` holds each input's digest by the user's name for it,
    /// `packages` is the digest of the list that the lock has for it, `image` what the lock has for a registry's image, `ami`
    /// what it has for an AMI.
    package init(
        kind: String,
        fields: JSONValue,
        inputs: [String: Digest],
        packages: Digest? = nil,
        image: Digest? = nil,
        ami: String? = nil,
        timestamp: Int64,
        architecture: String
    ) {
        document = .object([
            "format": .integer(Self.format),
            "kind": .string(kind),
            "step": fields,
            "inputs": .strings(inputs.mapValues(\.description)),
            "packages": packages.map { .string($0.description) },
            "image": image.map { .string($0.description) },
            "ami": ami.map { .string($0) },
            "timestamp": .integer(timestamp),
            "architecture": .string(architecture),
        ])
        key = StepKey(definition: document)
        self.architecture = architecture
    }

    package var platform: Platform { Platform(architectureName: architecture) }
}

extension Step.Action {
    /// Every field of the step as a JSON value, defaults included.
    package var fields: JSONValue {
        switch self {
        case .run(let step): step.fields
        case .copy(let step): step.fields
        case .file(let step):
            .object([
                "path": .string(step.path), "content": .string(step.content), "owner": step.owner?.field,
                "mode": .string(octal(step.mode)),
            ])
        case .unpack(let step):
            .object([
                "archive": step.archive.field, "destination": .string(step.destination), "owner": step.owner?.field,
                "strip": .integer(Int64(step.stripComponents)),
            ])
        case .packages(let step): step.fields
        case .delete(let step):
            .object(["patterns": .strings(step.patterns), "ignore-missing": .bool(step.ignoreMissing)])
        case .symlink(let step): .object(["path": .string(step.path), "target": .string(step.target)])
        case .directory(let step):
            .object(["path": .string(step.path), "owner": step.owner?.field, "mode": .string(octal(step.mode))])
        case .user(let step): step.fields
        case .service(let step):
            .object([step.change.rawValue: .strings(step.units)])
        case .sshKeys(let step):
            .object(["user": .string(step.user), "files": .array(step.files.map(\.field))])
        case .cloudInit(let step): .object(["name": .string(step.name), "settings": .string(step.settings)])
        case .kernel(let step):
            .object(["arguments": .strings(step.arguments), "modules": .strings(step.modules)])
        case .preload(let step): step.fields
        }
    }

    /// What the step reads from outside the image.
    package var inputPaths: [InputPath] {
        switch self {
        case .copy(let step): if case .files(let paths) = step.source { paths } else { [] }
        case .unpack(let step): [step.archive]
        case .sshKeys(let step): step.files
        case .packages(let step): step.files + step.sources.map(\.key)
        case .preload(let step): step.verify
        default: []
        }
    }

    /// What the step leaves out of the folders that it reads.
    var excluded: [String] {
        if case .copy(let step) = self { step.exclude } else { [] }
    }

    /// The image that the step copies from, or that it takes along whole.
    package var sourceImage: String? {
        switch self {
        case .copy(let step): if case .image(let name, _) = step.source { name } else { nil }
        case .preload(let step): step.image
        default: nil
        }
    }
}

extension Base {
    /// Every field as a JSON value; nil for what is no step of its own.
    package var fields: JSONValue? {
        switch self {
        case .scratch, .image, .platforms: nil
        case .debian(let base):
            .object([
                "debian": .string(base.suite), "variant": .string(base.variant),
                "mirror": base.mirror.map(JSONValue.string), "keyring": base.keyring?.field,
                "components": .strings(base.components),
            ])
        case .oci(let path, let tag): .object(["oci": path.field, "tag": tag.map(JSONValue.string)])
        case .dockerArchive(let path, let tag):
            .object(["docker-archive": path.field, "tag": tag.map(JSONValue.string)])
        // What it gives for the same tar has changed once: its times were whole seconds.
        case .rootfs(let path): .object(["rootfs": path.field, "times": "nanoseconds"])
        // The id is the answer, and not the question.
        case .ami(let ami): .object(["ami": ami.source.json, "region": .string(ami.region)])
        case .registry(let reference, let keys):
            .object([
                "registry": .string(reference.description), "verify": keys.isEmpty ? nil : .array(keys.map(\.field)),
            ])
        }
    }
}

extension InputPath {
    /// The name in keys and messages: `site`, or `assets:logo.svg` in a context.
    ///
    /// A file of the Bakefile's own folder with a colon in its name is `./a:b`, so that no two paths share a name.
    package var name: String {
        if let context { return "\(context):\(path)" }
        return path.contains(":") ? "./\(path)" : path
    }

    var field: JSONValue { .string(name) }
}

extension Ownership {
    var field: JSONValue { .string(group.map { "\(user):\($0)" } ?? user) }
}

extension RunStep {
    var fields: JSONValue {
        let command: JSONValue =
            switch self.command {
            case .shell(let text): .string(text)
            case .arguments(let arguments): .strings(arguments)
            }
        return .object([
            "command": command, "env": .strings(environment), "workdir": .string(workingDirectory),
            "user": .string(user), "network": .string(network.rawValue),
            "secrets": .array(
                secrets.map { use in
                    switch use.target {
                    case .file(let path): .object(["name": .string(use.name), "file": .string(path)])
                    case .variable(let name): .object(["name": .string(use.name), "variable": .string(name)])
                    }
                }
            ),
            "caches": .array(caches.map { .object(["id": .string($0.id), "target": .string($0.target)]) }),
        ])
    }
}

extension CopyStep {
    var fields: JSONValue {
        let source: JSONValue =
            switch self.source {
            case .files(let paths): .array(paths.map(\.field))
            case .image(let name, let path): .object(["image": .string(name), "path": .string(path)])
            }
        return .object([
            "from": source, "to": .string(destination), "owner": owner?.field,
            "mode": mode.map { .string(octal($0)) }, "exclude": .strings(exclude),
        ])
    }
}

extension PackagesStep {
    var fields: JSONValue {
        .object([
            "names": .strings(names), "files": .array(files.map(\.field)), "recommends": .bool(recommends),
            "sha256": digest.map { .string($0.hex) },
            "sources": .array(
                sources.map { source in
                    .object([
                        "name": .string(source.name), "uri": .string(source.uri), "suite": .string(source.suite),
                        "components": .strings(source.components), "key": source.key.field, "keep": .bool(source.keep),
                    ])
                }
            ),
        ])
    }
}

extension PreloadStep {
    var fields: JSONValue {
        let image: JSONValue? = image.map { .string($0) }
        var registry: JSONValue?
        if case .registry(let reference) = source { registry = .string(reference.description) }
        return .object([
            "image": image, "registry": registry, "verify": verify.isEmpty ? nil : .array(verify.map(\.field)),
            "as": .strings(names),
        ])
    }
}

extension UserStep {
    var fields: JSONValue {
        .object([
            "name": .string(name), "uid": uid.map { .integer(Int64($0)) }, "gid": gid.map { .integer(Int64($0)) },
            "groups": .strings(groups), "home": home.map(JSONValue.string), "shell": shell.map(JSONValue.string),
            "comment": .string(comment), "system": .bool(isSystem), "creates-home": .bool(createsHome),
        ])
    }
}

/// Permission bits as people write them: `0644`.
package func octal(_ mode: UInt32) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
