/// A bucket of S3, whose name is there once for all accounts.
struct Bucket: Sendable {
    var owner: String
    var region: String
    var objects: [String: Object] = [:]

    struct Object: Sendable {
        var body: [UInt8]
        /// MD5 in hexadecimal digits.
        var tag: String
        var type: String
        /// As it was sent, by the header field's name.
        var checksums: [String: String]
        /// Seconds since 1970.
        var modified: Int64
    }
}
