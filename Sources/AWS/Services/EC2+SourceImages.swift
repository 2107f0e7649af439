extension EC2 {
    /// An AMI that an image can start from.
    package struct SourceImage: Sendable, Hashable {
        package var id: String
        package var name: String
        package var owner: String
        /// As the service writes it, `2026-11-28T01:02:03.000Z`: the order of texts is that of times.
        package var created: String
        /// `x86_64` or `arm64`.
        package var architecture: String
        package var isAvailable: Bool
    }

    /// The AMIs of an owner whose names match, `*` and `?` standing for anything, newest first.
    ///
    /// `owner` is an account's number, `self`, or a name of AWS's such as `amazon`: without one, anybody's image would do.
    package func sourceImages(owner: String, name: String, architecture: String) async throws -> [SourceImage] {
        let found = try await sourceImages { form in
            form.add("Owner", list: [owner])
            form.add("Filter.1.Name", "name")
            form.add("Filter.1.Value", list: [name])
            form.add("Filter.2.Name", "architecture")
            form.add("Filter.2.Value", list: [architecture])
            form.add("Filter.3.Name", "state")
            form.add("Filter.3.Value", list: ["available"])
        }
        return found.sorted { ($1.created, $1.id) < ($0.created, $0.id) }
    }

    /// The AMI, whosever it is; nil where there is none that this account may see.
    package func sourceImage(_ id: String) async throws -> SourceImage? {
        do {
            return try await sourceImages { $0.add("ImageId", list: [id]) }.first
        } catch let error as ServiceError
            where ["InvalidAMIID.NotFound", "InvalidAMIID.Malformed"].contains(error.code)
        {
            return nil
        }
    }

    private func sourceImages(_ choose: (inout QueryForm) -> Void) async throws -> [SourceImage] {
        var form = QueryForm("DescribeImages", version: Self.version)
        choose(&form)
        let answer: Answer = try await session.xml(call("DescribeImages", form), in: region)
        return answer.imagesSet.items.map { entry in
            SourceImage(
                id: entry.imageId,
                name: entry.name ?? "",
                owner: entry.imageOwnerId ?? "",
                created: entry.creationDate ?? "",
                architecture: entry.architecture ?? "",
                isAvailable: entry.imageState == .available
            )
        }
    }

    private struct Answer: Decodable { var imagesSet: Items<Entry> }

    private struct Entry: Decodable {
        var imageId: String
        var name: String?
        var imageOwnerId: String?
        var creationDate: String?
        var architecture: String?
        var imageState: MachineImage.State
    }
}
