import FakeRegistry

/// Which bucket and object a request is for: in its path, or the bucket in its host.
///
/// Source: Amazon S3 User Guide, "Virtual hosting of general purpose buckets".
struct S3Address {
    var bucket: String
    /// Empty for the bucket itself.
    var key: String

    init(_ request: FakeRequest) {
        let host = request.headers["host"]?.split(separator: ":").first.map(String.init) ?? ""
        let path = request.path.drop { $0 == "/" }
        if let end = host.firstRange(of: ".s3.") ?? host.firstRange(of: ".localhost") {
            bucket = String(host[..<end.lowerBound])
            key = URLText.decoded(String(request.path.dropFirst()))
        } else {
            let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            bucket = URLText.decoded(parts.first ?? "")
            key = parts.count > 1 ? URLText.decoded(parts[1]) : ""
        }
    }
}
