import OCI
import YAML

extension Destination {
    static let shape = Shape<Destination>.forms(
        "a repository, or a mapping",
        text: Shape<String>.repository.map { Destination(repository: $0) },
        mapping: keys.shape(Destination(repository: "")).then { destination, node, reading in
            let host = String(destination.repository.prefix { $0 != "/" })
            if !destination.isMade || reading.matches(host, Grammar.awsRegistry.pattern) { return destination }
            return reading.fail(
                at: node["create"]?.place ?? node.place,
                "no repository is made in '\(host)'",
                .badValue,
                why:
                    "registries of AWS alone are asked to make one, ACCOUNT.dkr.ecr.REGION.amazonaws.com; most others do by themselves",
                fix: "remove 'create'"
            )
        }
    )

    private static let keys = Keys<Destination>(
        "a destination",
        [
            .required("to", .repository, \.repository, "the repository, without tag"),
            .optional(
                "compression",
                .text(.compression),
                \.compression,
                "how layers are compressed on their way there; as the image says by default"
            ),
            .defaulted(
                "create",
                .flag,
                \.isMade,
                "whether a registry of AWS gets the repository where it lacks it, with tags that never change; false by default"
            ),
        ],
        synonyms: ["repository": "to", "registry": "to", "reference": "to"]
    )
}

extension Shape where Value == String {
    /// A push destination: what the pattern takes and what references are made of must agree.
    fileprivate static var repository: Shape {
        Shape.text(.repository).then { text, node, reading in
            do throws(ReferenceError) {
                _ = try Reference(parsing: text)
                return text
            } catch {
                return reading.fail(
                    at: node.place,
                    "\(quoted(text)) is not a repository",
                    .badReference,
                    why: error.reason
                )
            }
        }
    }
}
