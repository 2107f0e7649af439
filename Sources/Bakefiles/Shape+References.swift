import OCI
import YAML

extension Shape where Value == Reference {
    /// An image with the host of its registry: none is assumed.
    static var remote: Shape<Reference> {
        Shape<Reference>(schema: { Grammar.remoteImage.schema }) { node, reading in
            guard let text = reading.text(of: node) else { return nil }
            do throws(ReferenceError) {
                let reference = try Reference(parsing: text)
                if reference.registry != nil { return reference }
                let hub = reference.repository.contains("/") ? "docker.io/\(text)" : "docker.io/library/\(text)"
                return reading.fail(
                    at: node.place,
                    "\(quoted(text)) names no registry",
                    .badReference,
                    why: "none is assumed",
                    fix: "write the registry's host before it: '\(hub)' is Docker Hub's"
                )
            } catch {
                return reading.fail(
                    at: node.place,
                    "\(quoted(text)) is not an image of a registry",
                    .badReference,
                    why: error.reason
                )
            }
        }
    }
}
