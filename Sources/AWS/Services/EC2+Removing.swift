extension EC2 {
    /// Gives up an AMI; false where there was none any more.
    ///
    /// Machines that were started from it go on, and its snapshots stay.
    @discardableResult
    package func deregister(_ image: String) async throws -> Bool {
        var form = QueryForm("DeregisterImage", version: Self.version)
        form.add("ImageId", image)
        return try await remove("DeregisterImage", form, gone: Self.noImage)
    }

    /// Deletes a snapshot; false where there was none any more.
    ///
    /// What was started on it keeps its blocks. `image` is an AMI that needed it until a moment ago, which may not be known
    /// everywhere yet. Throws `ServiceError` with the code `InvalidSnapshot.InUse` for a snapshot that another AMI needs.
    @discardableResult
    package func delete(snapshot: String, wasIn image: String? = nil) async throws -> Bool {
        var form = QueryForm("DeleteSnapshot", version: Self.version)
        form.add("SnapshotId", snapshot)
        return try await remove(
            "DeleteSnapshot",
            form,
            gone: ["InvalidSnapshot.NotFound"],
            mayBeUnknownYet: image == nil ? [] : ["InvalidSnapshot.InUse"]
        )
    }

    private func remove(
        _ operation: String,
        _ form: QueryForm,
        gone: Set<String>,
        mayBeUnknownYet: Set<String> = []
    ) async throws -> Bool {
        do {
            _ = try await session.send(call(operation, form, mayBeUnknownYet: mayBeUnknownYet), in: region)
            return true
        } catch let error as ServiceError where gone.contains(error.code) {
            return false
        }
    }
}
