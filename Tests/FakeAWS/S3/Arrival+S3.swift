import FakeRegistry
import OCI

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
            default: nil
            }
        guard let operation = name.flatMap({ Operation.byName[.s3]?[$0] }), !address.bucket.isEmpty else {
            throw Failure(501, "NotImplemented", "There is no \(request.method) \(request.path)")
        }
        // Neither what signs a URL nor what names an operation is a parameter.
        var request = request
        request.query = request.query.filter { name, _ in
            name != "x-id" && !(isList && name == "list-type") && !name.hasPrefix("X-Amz-")
        }
        var reader = ParameterReader()
        let parts = ["Bucket": address.bucket, "Key": address.key]
        let parameters = parameters(of: request, operation, parts, &reader)
        return (operation, parameters, reader.problems)
    }
}
