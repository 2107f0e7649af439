package import OCI

/// The JSON Schema of Bakefiles, made of the tables that the reader reads by.
package enum BakefileSchema {
    /// Of the Bakefile itself.
    ///
    /// Source of the vocabulary: JSON Schema draft 2020-12.
    package static var json: JSONValue {
        BakefileDraft.keys.schema.adding([
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Bakefile",
            "description": "What ovenbird bakes: images, and the stacks that they go into.",
        ])
    }

    /// Of a file that a Bakefile includes.
    package static var includedFile: JSONValue {
        BakefileDraft.includedKeys.schema.adding([
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Included file of a Bakefile",
            "description": "A part of a Bakefile in a file of its own.",
        ])
    }
}
