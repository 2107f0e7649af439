package import HTTPTransport

/// One call of a service's interface, before it is signed.
package struct ServiceCall: Sendable {
    package enum Service: String, Sendable, Hashable {
        case autoscaling
        case cloudformation
        case ebs
        case ec2
        case ecr
        case iam
        case kms
        case s3
        case ssm
        case sts

        /// What the variable `AWS_ENDPOINT_URL_*` ends in.
        var variable: String { self == .autoscaling ? "AUTO_SCALING" : rawValue.uppercased() }
    }

    package var service: Service
    /// The name of the operation in the service's reference: `StartSnapshot`.
    package var operation: String
    package var method: HTTPMethod
    /// In S3, below the bucket.
    package var path: String
    /// Names and values, not encoded.
    package var query: [(name: String, value: String)] = []
    /// Whose address the call goes to, in S3.
    package var bucket: String?
    package var headers: HeaderFields
    package var body: Body
    /// Error codes that a repetition may cure here, though they mean a mistake elsewhere: what was just made is not known
    /// everywhere yet.
    package var mayBeUnknownYet: Set<String>
    /// Whether the call carries credentials.
    package var isSigned: Bool

    package enum Body: Sendable {
        case bytes([UInt8])
        /// The signature does not cover it: a checksum in the header has to.
        case buffer(BodyBuffer)
        case large(LargeBody)
    }

    package init(
        _ service: Service,
        _ operation: String,
        _ method: HTTPMethod = .post,
        path: String = "/",
        headers: HeaderFields = [:],
        body: [UInt8] = [],
        mayBeUnknownYet: Set<String> = [],
        isSigned: Bool = true
    ) {
        self.service = service
        self.operation = operation
        self.method = method
        self.path = path
        self.headers = headers
        self.body = .bytes(body)
        self.mayBeUnknownYet = mayBeUnknownYet
        self.isSigned = isSigned
    }
}

/// The whole answer to a call that succeeded.
package struct ServiceAnswer: Sendable {
    package var headers: HeaderFields
    package var body: [UInt8]
}
