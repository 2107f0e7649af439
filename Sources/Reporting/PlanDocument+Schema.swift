package import OCI

extension PlanDocument {
    /// JSON Schema (2020-12) of the plan document.
    package static var schema: JSONValue {
        .object([
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Ovenbird plan",
            "description": "What a bake would run, what it has already, and why.",
            "type": "object",
            "required": .strings(["plan", "project", "timestamp", "architecture", "changes", "images"]),
            "additionalProperties": false,
            "properties": .object([
                "plan": .object(["const": .integer(format), "description": "The version of this format."]),
                "project": .object(["type": "string"]),
                "timestamp": .object([
                    "type": "integer",
                    "description": "The image timestamp, in seconds since 1970.",
                ]),
                "architecture": .object(["type": "string", "description": "As OCI writes it: amd64."]),
                "changes": .object([
                    "type": "boolean",
                    "description": "Whether a bake would run anything or make another image, for certain or perhaps.",
                ]),
                "images": .object([
                    "type": "array",
                    "description": "Every image after those that it needs.",
                    "items": imageSchema,
                ]),
                "aws": registrationsSchema,
            ]),
        ])
    }

    private static var registrationsSchema: JSONValue {
        .object([
            "type": "object",
            "description": "What 'register' would do, where AWS was asked with '--online'.",
            "required": .strings(["account", "registrations"]),
            "additionalProperties": false,
            "properties": .object([
                "account": .object(["type": "string"]),
                "registrations": .object(["type": "array", "items": registrationSchema]),
            ]),
        ])
    }

    private static var registrationSchema: JSONValue {
        .object([
            "type": "object",
            "required": .strings(["image", "version", "region", "calls", "blocks", "bytes", "dollars", "permissions"]),
            "additionalProperties": false,
            "properties": .object([
                "image": .object(["type": "string"]),
                "version": .object(["type": "string"]),
                "region": .object(["type": "string"]),
                "ami": .object(["type": "string", "description": "The AMI that is there already."]),
                "parent": .object(["type": "string", "description": "Whose blocks would not be sent."]),
                "copiedFrom": .object(["type": "string", "description": "The region whose AMI would be copied."]),
                "blocks": .object(["type": "integer", "description": "Blocks of 512 KiB that would be sent."]),
                "bytes": .object(["type": "integer"]),
                "dollars": .object(["type": "string", "description": "What writing the blocks costs in most regions."]),
                "calls": .object([
                    "type": "array",
                    "description": "Calls that would change something, in order.",
                    "items": .object([
                        "type": "object",
                        "required": .strings(["operation", "count"]),
                        "additionalProperties": false,
                        "properties": .object([
                            "operation": .object(["type": "string"]), "count": .object(["type": "integer"]),
                        ]),
                    ]),
                ]),
                "permissions": .object([
                    "type": "object",
                    "description": "What EC2 says of whether a call is allowed.",
                    "additionalProperties": .object(["type": "string"]),
                ]),
            ]),
        ])
    }

    private static var imageSchema: JSONValue {
        .object([
            "type": "object",
            "required": .strings(["name", "kind", "from", "steps"]),
            "additionalProperties": false,
            "properties": .object([
                "name": .object(["type": "string"]),
                "kind": .object(["enum": .strings(["docker", "ami"])]),
                "from": .object(["type": "string", "description": "Where the image starts, in words."]),
                "steps": .object(["type": "array", "items": stepSchema]),
                "config": configSchema,
            ]),
        ])
    }

    private static var configSchema: JSONValue {
        .object([
            "type": "object",
            "description": "What the image says beside its layers; another one is another image.",
            "required": .strings(["state", "reason", "definitionKey"]),
            "additionalProperties": false,
            "properties": .object([
                "state": .object(["enum": .strings(["cached", "will-run", "depends"])]),
                "dependsOn": .object([
                    "type": "string",
                    "description": "The step or image whose result decides, where the state is 'depends'.",
                ]),
                "reason": .object(["type": "string"]),
                "definitionKey": digestSchema("Of config, disk settings, stamp and the titles of the steps."),
                "stamp": .object([
                    "type": "object",
                    "description": "The labels of commit and CI build, where the image takes them.",
                    "additionalProperties": .object(["type": "string"]),
                ]),
            ]),
        ])
    }

    private static var stepSchema: JSONValue {
        .object([
            "type": "object",
            "required": .strings(["address", "title", "state", "reason", "definitionKey", "inputs"]),
            "additionalProperties": false,
            "properties": .object([
                "address": .object([
                    "type": "string",
                    "description": "'from' for the base, else the step's name, or its kind and ordinal.",
                ]),
                "title": .object(["type": "string", "description": "What the step does, in words."]),
                "state": .object(["enum": .strings(["cached", "will-run", "depends"])]),
                "dependsOn": .object([
                    "type": "string",
                    "description": "The step or image whose result decides, where the state is 'depends'.",
                ]),
                "reason": .object(["type": "string"]),
                "definitionKey": digestSchema("Of the step itself and its inputs."),
                "contentKey": digestSchema("Of that and the layers below; absent where these are not known yet."),
                "resolved": .object([
                    "type": "string",
                    "format": "date-time",
                    "description": "When a moving reference that nothing pins was resolved.",
                ]),
                "ami": .object([
                    "type": "string",
                    "description": "The id of the AMI that the image starts from, where it is known.",
                ]),
                "unpinned": .object([
                    "const": true,
                    "description": "Its result depends on when it is made, and no lock says which it is to be.",
                ]),
                "pinned": digestSchema("Of the list of packages that the lock has for it."),
                "inputs": .object([
                    "type": "array",
                    "items": .object([
                        "type": "object",
                        "required": .strings(["name", "digest"]),
                        "additionalProperties": false,
                        "properties": .object([
                            "name": .object(["type": "string"]),
                            "digest": digestSchema("Of names, kinds, execute bits and content."),
                        ]),
                    ]),
                ]),
                "place": .object([
                    "type": "object",
                    "required": .strings(["file", "line", "column"]),
                    "additionalProperties": false,
                    "properties": .object([
                        "file": .object(["type": "string"]),
                        "line": .object(["type": "integer", "minimum": 1]),
                        "column": .object(["type": "integer", "minimum": 1]),
                    ]),
                ]),
            ]),
        ])
    }

    private static func digestSchema(_ description: String) -> JSONValue {
        .object([
            "type": "string", "pattern": "^sha256:[0-9a-f]{64}$", "description": .string(description),
        ])
    }
}
