package import OCI

/// The JSON Schema of locks, for programs that read one; a lock is written by `ovenbird lock` alone.
package enum LockSchema {
    /// Of the tree that the YAML stands for; that no request has two entries and no package is listed twice is beyond it.
    package static var json: JSONValue {
        .object([
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": .string("urn:ovenbird:lock:\(Lock.form)"),
            "title": "Ovenbird lock",
            "description": "What the moving references of a Bakefile meant when they were resolved.",
            "type": "object",
            "required": .array(["lock", "entries"]),
            "additionalProperties": false,
            "properties": .object([
                "lock": .object(["const": .integer(Lock.form), "description": "The version of this form."]),
                "entries": .object([
                    "type": "array", "description": "One for each request.", "items": entry,
                ]),
            ]),
        ])
    }

    private static var entry: JSONValue {
        .object([
            "type": "object",
            "required": .array(["steps", "request", "architecture", "resolved"]),
            "oneOf": .array(["image", "ami", "packages"].map { .object(["required": .array([.string($0)])]) }),
            "additionalProperties": false,
            "properties": .object([
                "steps": .object([
                    "type": "array", "description": "The steps that ask for it, as IMAGE:STEP.",
                    "items": text("^[^\"\\\\\\n]*:[^\"\\\\\\n]*$", "A step."),
                ]),
                "request": text(digest, "The digest of all that was asked."),
                "architecture": text(word("/"), "As OCI writes it, with the variant: amd64, arm/v7."),
                "resolved": text("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", "When, in UTC."),
                "image": text(digest, "A base image: its manifest in a layout, or the archive that holds it."),
                "ami": text("^ami-[0-9a-f]{8,17}$", "The id of an AMI, in the region where its image is baked."),
                "packages": .object([
                    "type": "array", "description": "The binary packages that the steps bring.", "items": package,
                ]),
            ]),
        ])
    }

    private static var package: JSONValue {
        .object([
            "type": "object",
            "required": .array(["name", "version", "architecture", "size", "sha256", "uri"]),
            "additionalProperties": false,
            "properties": .object([
                "name": text(word("+."), "The package's name."),
                "version": text(word("+.~:A-Z"), "Its version, the epoch included."),
                "architecture": text(word(), "As Debian writes it: amd64, all."),
                "size": .object(["type": "integer", "minimum": 0, "description": "Bytes of the file."]),
                "sha256": text("^[0-9a-f]{64}$", "Of the file."),
                "priority": text(word(), "What the archive's index says of its priority."),
                "uri": text("^[^:-][^:]*:[!#-&(-\\[\\]-~]*$", "Where it was at the time."),
            ]),
        ])
    }

    private static let digest = "^sha256:[0-9a-f]{64}$"

    private static func word(_ others: String = "") -> String { "^[0-9a-z\(others)-]+$" }

    private static func text(_ pattern: String, _ description: String) -> JSONValue {
        .object(["type": "string", "pattern": .string(pattern), "description": .string(description)])
    }
}
