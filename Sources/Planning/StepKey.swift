package import OCI
package import SystemIO

/// The digest of all that decides a step's result.
///
/// A *definition key* covers the step itself and the content of its inputs; a *content key* covers that and the content
/// of the layers that it starts from. A result is stored under its content key.
package struct StepKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let digest: Digest

    package init(_ digest: Digest) { self.digest = digest }

    /// Of a definition: the digest of its canonical text.
    package init(definition: JSONValue) { self.digest = Digester.digest(of: definition.canonicalBytes) }

    /// Of a definition that starts from `parent`, and reads the images whose layers are `others`, in order.
    package init(definition: StepKey, parent: [Digest], others: [[Digest]] = []) {
        let document: JSONValue = .object([
            "definition": .string(definition.description),
            "parent": .strings(parent.map(\.description)),
            "others": .array(others.map { .strings($0.map(\.description)) }),
        ])
        self.digest = Digester.digest(of: document.canonicalBytes)
    }

    package var description: String { digest.description }

    package static func < (left: StepKey, right: StepKey) -> Bool { left.digest < right.digest }
}
