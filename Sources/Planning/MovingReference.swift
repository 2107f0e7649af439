package import Bakefiles
import OCI
package import SystemIO

/// A step that asks for something whose answer moves: what it asks, and what is known of the answer.
package struct MovingReference: Sendable, Hashable {
    /// The digest of all that is asked: the step itself, and the requests below it.
    ///
    /// Neither the image timestamp nor the content of other steps is in it, so that a lock outlives their changes.
    package let request: Digest
    /// The lock's answer; nil where nothing pins it.
    package let locked: Lock.Entry?
    /// The content of a base image as it is now; nil for packages, which only a bake can look up.
    package let found: Digest?

    package init(request: Digest, locked: Lock.Entry? = nil, found: Digest? = nil) {
        self.request = request
        self.locked = locked
        self.found = found
    }

    /// Of a step: its kind, fields and inputs, and the requests that its image has made before, lowest first.
    static func request(
        _ work: PlannedStep.Work,
        _ fields: JSONValue,
        inputs: [StepInput],
        architecture: String,
        below: [Digest]
    ) -> Digest {
        // What a base image is now is the answer, not the question.
        let inputs = work.isBaseImage ? [] : inputs
        let document: JSONValue = .object([
            "kind": .string(work.kind),
            "step": fields,
            "inputs": .object(
                Dictionary(inputs.map { ($0.name, .string($0.tree.digest.description)) }) { first, _ in first }
            ),
            "architecture": .string(architecture),
            "below": .strings(below.map(\.description)),
        ])
        return Digester.digest(of: document.canonicalBytes)
    }
}

extension PlannedStep.Work {
    /// Whether a lock has an entry for it.
    var isLockable: Bool { isMoving || isBaseImage }

    /// A base that is an image of its own, in a file or folder that somebody else may replace.
    var isBaseImage: Bool {
        switch self {
        case .base(.oci), .base(.dockerArchive): true
        default: false
        }
    }
}

extension StepInput {
    /// The digest of the bytes of the one file, or of the manifest of the image in a layout; nil for folders.
    package var fileDigest: Digest? {
        guard tree.entries.count == 1, case .file(let digest, _, _) = tree.entries[0].content else { return nil }
        return digest
    }

    /// The digest of the content that the tree stands for: of the one file, or of all entries.
    var contentDigest: Digest { fileDigest ?? tree.digest }
}
