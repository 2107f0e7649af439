package import Bakefiles
package import OCI
package import Store
package import SystemIO

/// What earlier bakes left, as a plan asks for it: look-ups by key, nothing that writes.
package protocol BakeRecords {
    /// The result under a content key, if the store has it whole.
    func result(for key: StepKey) throws -> StoredResult?
    /// Whether any result was made by this definition, from whatever parent.
    func hasResult(madeBy definition: StepKey) throws -> Bool
    /// How a step stood in the last bake that came to it.
    func lastStep(image: String, address: String) throws -> StepRecord?
    /// Hands over the listing of an input tree, or of packages, in parts of whole lines, until `body` answers false.
    ///
    /// False where none is known.
    func forEachPart(ofListing digest: Digest, _ body: (String) -> Bool) throws -> Bool
    /// What the name of an image stood for at the end of the last bake of it.
    func lastImage(_ name: String) throws -> KnownImage?
    /// What a moving reference meant: under a request the newest answer, under a content key what its result is made of.
    func resolution(of key: Digest) throws -> Lock.Entry?
}

extension BakeRecords {
    /// Nothing is known.
    package func resolution(of key: Digest) throws -> Lock.Entry? { nil }

    /// Nothing is known.
    package func lastImage(_ name: String) throws -> KnownImage? { nil }
}

/// An image that a bake finished.
package struct KnownImage: Sendable, Hashable {
    package let identity: Digest
    package let layers: [Digest]
    package let version: String

    package init(identity: Digest, layers: [Digest], version: String) {
        self.identity = identity
        self.layers = layers
        self.version = version
    }
}

/// A step as a bake had it, to tell the next plan what is different now.
package struct StepRecord: Sendable, Hashable {
    package let definition: JSONValue
    package let contentKey: StepKey
    /// The layers that it started from.
    package let parent: [Digest]
    /// The variables of that bake, by name.
    package let variables: [String: String]

    package init(definition: JSONValue, contentKey: StepKey, parent: [Digest], variables: [String: String]) {
        self.definition = definition
        self.contentKey = contentKey
        self.parent = parent
        self.variables = variables
    }

    package var document: JSONValue {
        .object([
            "definition": definition, "contentKey": .string(contentKey.description),
            "parent": .strings(parent.map(\.description)), "variables": .strings(variables),
        ])
    }

    /// Reads what `document` gave; nil for anything else, which is then treated as if nothing were known.
    package init?(document: JSONValue) {
        guard let definition = document["definition"],
            let key = document["contentKey"]?.stringValue.flatMap({ Digest($0) }),
            let parent = document["parent"]?.arrayValue,
            let variables = document["variables"]?.objectValue
        else { return nil }
        self.init(
            definition: definition,
            contentKey: StepKey(key),
            parent: parent.compactMap { $0.stringValue.flatMap { Digest($0) } },
            variables: variables.compactMapValues(\.stringValue)
        )
    }
}
