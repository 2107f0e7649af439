extension EC2 {
    /// An AMI of another region that is to be in this one, too.
    package struct ImageCopy: Sendable, Hashable {
        package var name: String
        package var description: String
        package var source: String
        package var sourceRegion: String
        /// The ARN of what the copy is encrypted with; nil for as it is.
        package var key: String?
        /// Of the AMI.
        package var tags: [Tag]
        package var snapshotTags: [Tag]
        /// The same call with the same token copies nothing twice; at most 128 characters.
        package var token: String

        package init(
            name: String,
            description: String,
            source: String,
            sourceRegion: String,
            key: String?,
            tags: [Tag],
            snapshotTags: [Tag],
            token: String
        ) {
            self.name = name
            self.description = description
            self.source = source
            self.sourceRegion = sourceRegion
            self.key = key
            self.tags = tags
            self.snapshotTags = snapshotTags
            self.token = token
        }
    }

    /// Begins to copy an AMI into this region, and gives the id of what it becomes.
    ///
    /// Throws `ServiceError` with the code `ResourceLimitExceeded` for as long as too many snapshots are being copied into the
    /// region.
    package func copy(_ copy: ImageCopy) async throws -> String {
        var form = QueryForm("CopyImage", version: Self.version)
        form.add("ClientToken", copy.token)
        form.add("Name", copy.name)
        form.add("Description", copy.description)
        form.add("SourceImageId", copy.source)
        form.add("SourceRegion", copy.sourceRegion)
        form.add("Encrypted", copy.key.map { _ in true })
        form.add("KmsKeyId", copy.key)
        form.add(tags: copy.tags, of: "image", number: 1)
        form.add(tags: copy.snapshotTags, of: "snapshot", number: 2)
        let call = call("CopyImage", form, mayBeUnknownYet: ["InvalidAMIID.NotFound"])
        let answer: Copied = try await session.xml(call, in: region)
        return answer.imageId
    }

    private struct Copied: Decodable { var imageId: String }
}

extension QueryForm {
    /// Tags that a thing has from the moment on that it is there.
    mutating func add(tags: [Tag], of type: String, number: Int) {
        add("TagSpecification.\(number).ResourceType", type)
        add("TagSpecification.\(number).Tag", list: tags.map(\.key), member: "Key")
        add("TagSpecification.\(number).Tag", list: tags.map(\.value), member: "Value")
    }
}
