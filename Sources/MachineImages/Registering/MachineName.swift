package import AWS
package import SystemIO

/// What an image is called in accounts of AWS: equal images have equal names, and no two others do.
package struct MachineName: Sendable, Hashable {
    package let project: String
    package let image: String
    package let version: String
    package let identity: Digest

    package init(project: String, image: String, version: String, identity: Digest) {
        self.project = project
        self.image = image
        self.version = version
        self.identity = identity
    }

    /// Of an AMI: `storefront/base/1.4.0/0a1b2c3d4e5f`.
    ///
    /// Source: Amazon EC2 API Reference, RegisterImage: 3 to 128 letters, digits and `()[] ./-'@_`.
    package var text: String {
        let allowed = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "()[] ./-'@_".utf8.contains(byte)
        }
        let readable = "\(project)/\(image)/\(version)".utf8.map { allowed($0) ? $0 : UInt8(ascii: "_") }
        return "\(String(decoding: readable.prefix(115), as: UTF8.self))/\(identity.short)"
    }

    /// What the AMI and its snapshot carry, and are found by.
    package var tags: [Tag] {
        [Tag(key: "Name", value: text)] + lastingTags + [
            Tag(key: Self.versionTag, value: version), Tag(key: Self.identityTag, value: identity.description),
        ]
    }

    /// The tags of what outlasts a version, as a parameter does.
    var lastingTags: [Tag] { [Tag(key: Self.projectTag, value: project), Tag(key: Self.imageTag, value: image)] }

    static let prefix = "ovenbird:"
    package static let projectTag = "\(prefix)project"
    static let imageTag = "\(prefix)image"
    static let versionTag = "\(prefix)version"
    static let identityTag = "\(prefix)identity"
}
