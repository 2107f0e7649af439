extension EC2 {
    /// All whom an AMI is shared with beside its own account, sorted: accounts, organizations and their units, or `all`.
    package func audience(ofImage id: String) async throws -> [String] {
        try await launchPermissions(ofImage: id)
            .compactMap { $0.userId ?? $0.organizationArn ?? $0.organizationalUnitArn ?? $0.group }.sorted()
    }

    private func launchPermissions(ofImage id: String) async throws -> [User] {
        var form = QueryForm("DescribeImageAttribute", version: Self.version)
        form.add("ImageId", id)
        form.add("Attribute", "launchPermission")
        let call = call("DescribeImageAttribute", form, mayBeUnknownYet: ["InvalidAMIID.NotFound"])
        let answer: ImageAnswer = try await session.xml(call, in: region)
        return answer.launchPermission?.items ?? []
    }

    /// Lets more accounts, organisations and units start machines from an AMI.
    package func share(image id: String, with principals: [String]) async throws {
        var form = QueryForm("ModifyImageAttribute", version: Self.version)
        form.add("ImageId", id)
        for (number, principal) in principals.enumerated() {
            let member =
                principal.contains(":organization/")
                ? "OrganizationArn" : principal.contains(":ou/") ? "OrganizationalUnitArn" : "UserId"
            form.add("LaunchPermission.Add.\(number + 1).\(member)", principal)
        }
        let call = call("ModifyImageAttribute", form, mayBeUnknownYet: ["InvalidAMIID.NotFound"])
        _ = try await session.send(call, in: region)
    }

    /// The accounts that may make volumes of a snapshot, beside its own.
    package func users(ofSnapshot id: String) async throws -> Set<String> {
        var form = QueryForm("DescribeSnapshotAttribute", version: Self.version)
        form.add("SnapshotId", id)
        form.add("Attribute", "createVolumePermission")
        let call = call("DescribeSnapshotAttribute", form, mayBeUnknownYet: ["InvalidSnapshot.NotFound"])
        let answer: SnapshotAnswer = try await session.xml(call, in: region)
        return Set((answer.createVolumePermission?.items ?? []).compactMap(\.userId))
    }

    /// Lets more accounts make volumes of a snapshot, which copies of its AMI into them need.
    package func share(snapshot id: String, with accounts: [String]) async throws {
        var form = QueryForm("ModifySnapshotAttribute", version: Self.version)
        form.add("SnapshotId", id)
        form.add("CreateVolumePermission.Add", list: accounts, member: "UserId")
        let call = call("ModifySnapshotAttribute", form, mayBeUnknownYet: ["InvalidSnapshot.NotFound"])
        _ = try await session.send(call, in: region)
    }

    private struct ImageAnswer: Decodable { var launchPermission: Items<User>? }

    private struct SnapshotAnswer: Decodable { var createVolumePermission: Items<User>? }

    private struct User: Decodable {
        var userId: String?
        var organizationArn: String?
        var organizationalUnitArn: String?
        var group: String?
    }
}
