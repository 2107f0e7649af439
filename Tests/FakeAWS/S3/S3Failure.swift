extension Failure {
    static let s3NoBucket = Failure(404, "NoSuchBucket", "The specified bucket does not exist")
    static let s3NoKey = Failure(404, "NoSuchKey", "The specified key does not exist.")
    static let s3Denied = Failure(403, "AccessDenied", "Access Denied")
    static let s3BadDigest =
        Failure(400, "BadDigest", "The checksum that you specified did not match what we received.")
}
