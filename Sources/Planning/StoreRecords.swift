package import Bakefiles
import OCI
package import Store
package import SystemIO

/// The records of earlier bakes, from the store's index.
package struct StoreRecords: BakeRecords, Sendable {
    private let store: ArtifactStore
    private let project: String

    package init(store: ArtifactStore, project: String) {
        self.store = store
        self.project = project
    }

    package func result(for key: StepKey) throws -> StoredResult? {
        try store.stepResult(contentKey: key.digest)
    }

    package func hasResult(madeBy definition: StepKey) throws -> Bool {
        try !store.stepResults(definitionKey: definition.digest).isEmpty
    }

    package func lastStep(image: String, address: String) throws -> StepRecord? {
        guard let step = try store.bakedStep(project: project, image: image, step: address) else { return nil }
        return StepRecord(document: try JSONValue.parse(Array(step.definition.utf8)))
    }

    package func lastImage(_ name: String) throws -> KnownImage? {
        guard let image = try store.imageHistory(project: project, image: name).first,
            let version = try store.versions(project: project, image: name, identity: image.identity).first?.version,
            let bytes = try? store.readBlob(image.manifest, limit: DocumentLimit.bytes),
            let manifest = try? ImageManifest(decoding: bytes)
        else { return nil }
        return KnownImage(identity: image.identity, layers: manifest.layers.map(\.digest), version: version)
    }

    package func resolution(of key: Digest) throws -> Lock.Entry? {
        guard let bytes = try store.resolution(key) else { return nil }
        // What cannot be read is resolved again.
        return try? Lock(reading: bytes, name: "resolution").entries.first
    }

    package func forEachPart(ofListing digest: Digest, _ body: (String) -> Bool) throws -> Bool {
        try store.forEachPart(ofInputListing: digest, body)
    }
}
