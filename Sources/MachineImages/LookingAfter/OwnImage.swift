package import AWS

/// An AMI that `register` made, as its tags say.
package struct OwnImage: Sendable, Hashable {
    package var region: String
    package var ami: String
    package var name: String
    package var image: String
    package var version: String
    /// As the tag has it: `sha256:...`.
    package var identity: String
    /// Seconds since 1970; nil where the service does not say.
    package var created: Int64?
    package var state: EC2.MachineImage.State
    package var snapshots: [String]
    /// From when on it is not listed for others: seconds since 1970.
    package var deprecated: Int64?
    /// Anybody may use it.
    package var isPublic: Bool
    /// The account has forbidden to deregister it.
    package var isProtected: Bool

    package init(
        region: String,
        ami: String,
        name: String,
        image: String,
        version: String,
        identity: String,
        created: Int64?,
        state: EC2.MachineImage.State = .available,
        snapshots: [String] = [],
        deprecated: Int64? = nil,
        isPublic: Bool = false,
        isProtected: Bool = false
    ) {
        self.region = region
        self.ami = ami
        self.name = name
        self.image = image
        self.version = version
        self.identity = identity
        self.created = created
        self.state = state
        self.snapshots = snapshots
        self.deprecated = deprecated
        self.isPublic = isPublic
        self.isProtected = isProtected
    }

    /// Nil for an AMI that does not say what it is.
    init?(_ found: EC2.MachineImage, region: String) {
        let tags = Dictionary(found.tags.map { ($0.key, $0.value) }) { first, _ in first }
        guard let image = tags[MachineName.imageTag], let version = tags[MachineName.versionTag],
            let identity = tags[MachineName.identityTag], found.id.utf8.allSatisfy(Self.isIDByte)
        else { return nil }
        self.init(
            region: region,
            ami: found.id,
            name: found.name,
            image: image,
            version: version,
            identity: identity,
            created: found.created,
            state: found.state,
            snapshots: Array(Set(found.snapshots)).sorted(),
            deprecated: found.deprecated,
            isPublic: found.isPublic,
            isProtected: found.isProtected
        )
    }

    /// An id becomes part of a path.
    private static func isIDByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D
    }

    /// All of a project in a region: by image, newest first.
    package static func all(
        of project: String,
        in region: String,
        _ session: AWSSession
    ) async throws -> [OwnImage] {
        let tag = Tag(key: MachineName.projectTag, value: project)
        return try await EC2(session, region: region).ownImages(tagged: tag)
            .compactMap { OwnImage($0, region: region) }.sorted(by: comesFirst)
    }

    /// By image, then newest first; of one second those with the lower id last.
    package static func comesFirst(_ one: OwnImage, _ other: OwnImage) -> Bool {
        if one.image != other.image { return one.image < other.image }
        return (one.created ?? .max, one.ami) > (other.created ?? .max, other.ami)
    }
}
