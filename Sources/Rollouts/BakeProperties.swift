package import Diagnostics
package import SystemIO

extension DiagnosticIdentifier {
    /// Two images whose names make the same key in `bake.properties`.
    package static let propertyCollision: Self = "property-collision"
}

/// `bake.properties`: what later CI steps need of a release, as `KEY=value` lines.
///
/// Jenkins' `readProperties`, Bamboo's inject-variables task and a shell's `.` read it alike: keys are of `A-Z`, `0-9` and
/// `_`, values have neither white space nor anything that one of the three gives a meaning. Sorted by key.
package enum BakeProperties {
    /// The file's text, for a release and its digest; a value that the readers could take for something else is left out.
    package static func text(for release: Release, digest: Digest) -> String {
        var properties = ["OVENBIRD_RELEASE": digest.description]
        for (name, image) in release.images {
            let key = "OVENBIRD_\(keyPart(name))"
            properties["\(key)_VERSION"] = image.version
            properties["\(key)_IDENTITY"] = image.identity.description
            properties["\(key)_REFERENCE"] = image.references.first
        }
        return properties.sorted { $0.key < $1.key }
            .filter { isSafe($0.value) }
            .map { "\($0.key)=\($0.value)\n" }
            .joined()
    }

    /// A mistake for each name that makes the same key as one before it.
    package static func collisions(among names: [String]) -> [Diagnostic] {
        var owners: [String: String] = [:]
        var found: [Diagnostic] = []
        for name in names.sorted() {
            guard let owner = owners.updateValue(name, forKey: keyPart(name)) else { continue }
            found.append(
                Diagnostic(
                    "images '\(owner)' and '\(name)' have the same keys in bake.properties",
                    .propertyCollision,
                    why: "both begin with OVENBIRD_\(keyPart(name))_",
                    fix: "rename one of them"
                )
            )
        }
        return found
    }

    /// The image's name in capitals, other characters than letters and digits as `_`.
    private static func keyPart(_ name: String) -> String {
        let bytes = name.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isSafe(_ value: String) -> Bool {
        !value.isEmpty
            && value.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: Array(".-_/:@+".utf8).contains(byte)
                }
            }
    }
}
