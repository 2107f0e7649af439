import Crypto
import FakeRegistry
import OCI
import SystemIO

extension Arrival {
    static func s3(_ request: FakeRequest) throws(Failure) -> Reading {
        let address = S3Address(request)
        let isList = request.query["list-type"] == "2"
        let name: String? =
            switch (request.method, address.key.isEmpty) {
            case ("PUT", false): "PutObject"
            case ("GET", false): "GetObject"
            case ("HEAD", false): "HeadObject"
            case ("DELETE", false): "DeleteObject"
            case ("HEAD", true): "HeadBucket"
            case ("GET", true) where isList: "ListObjectsV2"
            case ("POST", true) where request.query["delete"] == "": "DeleteObjects"
            default: nil
            }
        guard let operation = name.flatMap({ Operation.byName[.s3]?[$0] }), !address.bucket.isEmpty else {
            throw Failure(501, "NotImplemented", "There is no \(request.method) \(request.path)")
        }
        // Neither what signs a URL nor what names an operation is a parameter.
        var request = request
        request.query = request.query.filter { name, _ in
            !["delete", "x-id"].contains(name) && !(isList && name == "list-type") && !name.hasPrefix("X-Amz-")
        }
        var reader = ParameterReader()
        let parts = ["Bucket": address.bucket, "Key": address.key]
        guard operation.name == "DeleteObjects" else {
            return (operation, parameters(of: request, operation, parts, &reader), reader.problems)
        }
        let asked = try deletion(request)
        // The model knows neither the body's checksums nor its text.
        request.body = []
        request.headers = request.headers.filter { !$0.key.hasPrefix("x-amz-checksum-") }
        let others = parameters(of: request, operation, parts, &reader).objectValue ?? [:]
        return (operation, .object(others.merging(["Delete": asked]) { own, _ in own }), reader.problems)
    }

    /// The body of DeleteObjects, by the names of the model.
    private static func deletion(_ request: FakeRequest) throws(Failure) -> JSONValue {
        let sums = [
            "content-md5": Base64.encode(Array(Insecure.MD5.hash(data: request.body))),
            "x-amz-checksum-crc32": Base64.encode(CRC32.bytes(of: request.body)),
            "x-amz-checksum-sha256": Base64.encode(Digester.digest(of: request.body).bytes),
        ].filter { request.headers[$0.key] != nil }
        guard !sums.isEmpty else {
            throw Failure(400, "InvalidRequest", "Missing required header for this request: Content-MD5")
        }
        guard sums.allSatisfy({ request.headers[$0.key] == $0.value }) else { throw .s3BadDigest }
        let malformed = Failure(
            400,
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema"
        )
        guard let root = XMLDocument(request.body), root.name == "Delete" else { throw malformed }
        let keys = root.children("Object").map { $0.children("Key").map(\.text) }
        guard (1...1000).contains(keys.count), keys.allSatisfy({ $0.count == 1 && $0 != [""] }) else { throw malformed }
        return .object([
            "Objects": .array(keys.map { .strings(["Key": $0[0]]) }),
            "Quiet": root.children("Quiet").first.map { .bool($0.text == "true") },
        ])
    }
}
