package import OCI
package import SystemIO

/// What a step left, as a shared cache tells it to other machines.
///
/// It is the config of an artifact whose layers are the step's: the manifest is tagged with the content key, and names
/// the key once more here, so that a result which was put under another key is found out.
package struct SharedResult: Hashable, Sendable {
    package let contentKey: Digest
    package let definitionKey: Digest
    /// DiffIDs, lowest first.
    package let layers: [Digest]
    /// The config that a base brings along.
    package let baseConfig: JSONValue?
    /// The text of what it is made of, where that was asked of something that moves.
    package let resolution: String?

    package init(
        contentKey: Digest,
        definitionKey: Digest,
        layers: [Digest],
        baseConfig: JSONValue? = nil,
        resolution: String? = nil
    ) {
        self.contentKey = contentKey
        self.definitionKey = definitionKey
        self.layers = layers
        self.baseConfig = baseConfig
        self.resolution = resolution
    }

    package var json: JSONValue {
        .object([
            "contentKey": .string(contentKey.description),
            "definitionKey": .string(definitionKey.description),
            "layers": .strings(layers.map(\.description)),
            "baseConfig": baseConfig,
            "resolution": resolution.map { .string($0) },
        ])
    }

    /// Reads what another machine wrote; nil for what is no such document.
    package init?(decoding bytes: [UInt8]) {
        guard let document = try? JSONValue.parse(bytes, limit: DocumentLimit.bytes),
            let contentKey = document["contentKey"]?.stringValue.flatMap({ Digest($0) }),
            let definitionKey = document["definitionKey"]?.stringValue.flatMap({ Digest($0) }),
            let names = document["layers"]?.arrayValue, names.count <= DocumentLimit.layers
        else { return nil }
        let layers = names.compactMap { $0.stringValue.flatMap { Digest($0) } }
        guard layers.count == names.count else { return nil }
        self.init(
            contentKey: contentKey,
            definitionKey: definitionKey,
            layers: layers,
            baseConfig: document["baseConfig"],
            resolution: document["resolution"]?.stringValue
        )
    }
}
