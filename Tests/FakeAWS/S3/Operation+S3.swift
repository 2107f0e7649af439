import OCI

extension Operation {
    /// What there is of S3: objects that are put whole.
    ///
    /// Source: Amazon S3 API Reference, version 2006-03-01.
    static let s3: [Operation] = [
        putObject,
        rest("GetObject", [range] + reading) { world, call throws(Failure) in try world.getObject(call) },
        rest("HeadObject", reading) { world, call throws(Failure) in try world.getObject(call) },
        rest("DeleteObject", [key], changes: true) { world, call throws(Failure) in try world.deleteObject(call) },
        rest(
            "DeleteObjects",
            [.optional("ChecksumAlgorithm", algorithm, as: "x-amz-sdk-checksum-algorithm", in: .header)],
            changes: true
        ) { world, call throws(Failure) in try world.deleteObjects(call) },
        rest("HeadBucket", []) { world, call throws(Failure) in try world.headBucket(call) },
        rest(
            "ListObjectsV2",
            [
                .optional("Prefix", as: "prefix", in: .query),
                .optional("Delimiter", as: "delimiter", in: .query),
                .optional("MaxKeys", .integer(0...Int64(Int32.max)), as: "max-keys", in: .query),
                .optional("ContinuationToken", as: "continuation-token", in: .query),
                .optional("StartAfter", as: "start-after", in: .query),
                .optional("EncodingType", .choice("url"), as: "encoding-type", in: .query),
            ]
        ) { world, call throws(Failure) in try world.listObjects(call) },
    ]

    private static let algorithm = Shape.choice("CRC32", "SHA256")
    private static let key = Shape.Member.required("Key", .text(1...1024), in: .path)
    private static let range = Shape.Member.optional("Range", as: "Range", in: .header)
    private static let reading: [Shape.Member] = [
        key, .optional("ChecksumMode", .choice("ENABLED"), as: "x-amz-checksum-mode", in: .header),
    ]

    private static let putObject: Operation = {
        let encryption = Shape.choice("AES256", "aws:kms", "aws:kms:dsse")
        var operation = Operation(
            service: .s3,
            name: "PutObject",
            changes: true,
            members: common + [
                key,
                .required("ContentLength", .integer(0...5 << 30), as: "Content-Length", in: .header),
                .optional("ContentType", as: "Content-Type", in: .header),
                .optional("ContentMD5", as: "Content-MD5", in: .header),
                .optional("IfNoneMatch", .choice("*"), as: "If-None-Match", in: .header),
                .optional("ChecksumAlgorithm", algorithm, as: "x-amz-sdk-checksum-algorithm", in: .header),
                .optional("ChecksumCRC32", as: "x-amz-checksum-crc32", in: .header),
                .optional("ChecksumSHA256", as: "x-amz-checksum-sha256", in: .header),
                .optional("ServerSideEncryption", encryption, as: "x-amz-server-side-encryption", in: .header),
                .optional("SSEKMSKeyId", as: "x-amz-server-side-encryption-aws-kms-key-id", in: .header),
                .optional("Tagging", as: "x-amz-tagging", in: .header),
            ],
            work: .blocks { fake, call throws(Failure) in try fake.putObject(call) }
        )
        operation.takesBlock = true
        return operation
    }()

    private static let common: [Shape.Member] = [
        .required("Bucket", .text(3...63), in: .path),
        .optional("ExpectedBucketOwner", .text(12...12), as: "x-amz-expected-bucket-owner", in: .header),
    ]

    private static func rest(
        _ name: String,
        _ members: [Shape.Member],
        changes: Bool = false,
        _ work: @escaping @Sendable (inout World, Invocation) throws(Failure) -> Outcome
    ) -> Operation {
        Operation(service: .s3, name: name, changes: changes, members: common + members, work: .world(work))
    }
}
