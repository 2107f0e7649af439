import OCI

extension Operation {
    /// The EBS direct APIs.
    static let ebs: [Operation] = [
        rest(
            "StartSnapshot",
            "POST",
            ["snapshots"],
            [
                .required("VolumeSize", .integer(1...65_536)),
                .optional("ParentSnapshotId", EBSShapes.snapshotID),
                .optional("Tags", EBSShapes.tags),
                .optional("Description", .text(1...255)),
                .optional("ClientToken", EBSShapes.clientToken),
                .optional("Encrypted", .boolean),
                .optional("KmsKeyArn", EBSShapes.keyARN),
                .optional("Timeout", .integer(10...4320)),
            ],
            changes: true,
            madeTags: { [Tags.keys($0["Tags"]?.arrayValue ?? [])] },
            .world { world, call throws(Failure) in try world.startSnapshot(call) }
        ),
        putSnapshotBlock,
        rest(
            "CompleteSnapshot",
            "POST",
            ["snapshots", "completion", "{SnapshotId}"],
            [
                EBSShapes.snapshotInPath,
                .required(
                    "ChangedBlocksCount",
                    .integer(0...Int64(Int32.max)),
                    as: "x-amz-ChangedBlocksCount",
                    in: .header
                ),
                .optional("Checksum", EBSShapes.checksum, as: "x-amz-Checksum", in: .header),
                .optional("ChecksumAlgorithm", .choice("SHA256"), as: "x-amz-Checksum-Algorithm", in: .header),
                .optional(
                    "ChecksumAggregationMethod",
                    .choice("LINEAR"),
                    as: "x-amz-Checksum-Aggregation-Method",
                    in: .header
                ),
            ],
            changes: true,
            .world { world, call throws(Failure) in try world.completeSnapshot(call) }
        ),
        rest(
            "ListSnapshotBlocks",
            "GET",
            ["snapshots", "{SnapshotId}", "blocks"],
            [EBSShapes.snapshotInPath] + EBSShapes.paging,
            .world { world, call throws(Failure) in try world.listSnapshotBlocks(call) }
        ),
        rest(
            "ListChangedBlocks",
            "GET",
            ["snapshots", "{SecondSnapshotId}", "changedblocks"],
            [
                .required("SecondSnapshotId", EBSShapes.snapshotID, in: .path),
                .optional("FirstSnapshotId", EBSShapes.snapshotID, as: "firstSnapshotId", in: .query),
            ] + EBSShapes.paging,
            .world { world, call throws(Failure) in try world.listChangedBlocks(call) }
        ),
        rest(
            "GetSnapshotBlock",
            "GET",
            ["snapshots", "{SnapshotId}", "blocks", "{BlockIndex}"],
            [
                EBSShapes.snapshotInPath,
                .required("BlockIndex", EBSShapes.blockIndex, in: .path),
                .required("BlockToken", EBSShapes.opaqueToken, as: "blockToken", in: .query),
            ],
            .blocks { fake, call throws(Failure) in try fake.getSnapshotBlock(call) }
        ),
    ]

    private static let putSnapshotBlock: Operation = {
        var operation = rest(
            "PutSnapshotBlock",
            "PUT",
            ["snapshots", "{SnapshotId}", "blocks", "{BlockIndex}"],
            [
                EBSShapes.snapshotInPath,
                .required("BlockIndex", EBSShapes.blockIndex, in: .path),
                .required("DataLength", .number, as: "x-amz-Data-Length", in: .header),
                .optional("Progress", .integer(0...100), as: "x-amz-Progress", in: .header),
                .required("Checksum", EBSShapes.checksum, as: "x-amz-Checksum", in: .header),
                .required("ChecksumAlgorithm", .choice("SHA256"), as: "x-amz-Checksum-Algorithm", in: .header),
            ],
            changes: true,
            .blocks { fake, call throws(Failure) in try fake.putSnapshotBlock(call) }
        )
        operation.takesBlock = true
        return operation
    }()

    private static func rest(
        _ name: String,
        _ method: String,
        _ path: [String],
        _ members: [Shape.Member],
        changes: Bool = false,
        madeTags: (@Sendable (JSONValue) -> [Set<String>])? = nil,
        _ work: Work
    ) -> Operation {
        Operation(
            service: .ebs,
            name: name,
            changes: changes,
            members: members,
            route: Route(method: method, path: path),
            madeTags: madeTags,
            work: work
        )
    }
}
