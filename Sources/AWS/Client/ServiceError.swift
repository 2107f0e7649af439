/// Why a call to AWS did not succeed; nothing secret is in it.
package struct ServiceError: Error, Sendable, Hashable, CustomStringConvertible {
    package var service: ServiceCall.Service
    package var operation: String
    package var region: String
    /// 0 where no answer came.
    package var status: Int
    /// As the service names it: `InvalidAMIName.Duplicate`.
    package var code: String
    package var message: String
    /// What the service's support asks for.
    package var requestID: String?

    package init(
        _ call: ServiceCall,
        region: String,
        status: Int,
        code: String,
        message: String,
        requestID: String? = nil
    ) {
        service = call.service
        operation = call.operation
        self.region = region
        self.status = status
        self.code = code
        self.message = message
        self.requestID = requestID
    }

    package var description: String {
        let request = requestID.map { " (request \($0))" } ?? ""
        return "\(service.rawValue):\(operation) in \(region): \(code): \(message)\(request)"
    }

    /// What helps, where the code says it.
    package var fix: String? {
        if isDenied { return "allow '\(service.rawValue):\(permission)' to whoever these credentials are of" }
        if Self.unknownCredentials.contains(code) { return "check the credentials: they are not known to AWS" }
        return nil
    }

    /// Most operations are allowed by their own names.
    ///
    /// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
    private var permission: String {
        service == .s3 && operation == "ListObjectsV2" ? "ListBucket" : operation
    }

    package var isDenied: Bool {
        ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"].contains(code)
    }

    /// The service asks to be called less often.
    ///
    /// Source: the list of the SDKs' reference, "Retry behavior"; EBS direct APIs reference, StartSnapshot, "Errors".
    var isThrottling: Bool {
        status == 429
            || [
                "BandwidthLimitExceeded", "ConcurrentLimitExceededException", "EC2ThrottledException",
                "PriorRequestNotComplete",
                "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
                "RequestThrottledException", "SlowDown", "ThrottledException", "Throttling", "ThrottlingException",
                "TooManyRequestsException", "TransactionInProgressException",
            ].contains(code)
    }

    /// The code of a call whose answer did not come and may come another time.
    static let noAnswer = "no answer"

    /// What the service has none of now, whatever its status: the caller may do with another kind.
    private static let isExhausted: Set<String> = ["InsufficientInstanceCapacity"]

    /// Trying again may help.
    var isTransient: Bool {
        if Self.isExhausted.contains(code) { return false }
        return code == Self.noAnswer || isOfUnreadBlock || [500, 502, 503, 504].contains(status)
            || ["InternalError", "InternalFailure", "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable"]
                .contains(code)
    }

    /// The service could not read a block on its way, which no code says: of this one refusal it is the message that is
    /// documented.
    ///
    /// Source: Amazon EBS User Guide, "Error retries for EBS direct APIs".
    private var isOfUnreadBlock: Bool {
        operation == "PutSnapshotBlock" && code == "ValidationException"
            && message.hasPrefix("Failed to read block data")
    }

    /// The credentials have come to their end.
    var isExpired: Bool { ["ExpiredToken", "ExpiredTokenException"].contains(code) }

    /// Our clock may be wrong, or these credentials.
    var mayBeSkew: Bool {
        [
            "AuthFailure", "InvalidSignatureException", "RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
        ].contains(code)
    }

    /// Whoever calls is not known, or no longer: nothing is said of what the call is about.
    package var isOfCredentials: Bool { isExpired || mayBeSkew || Self.unknownCredentials.contains(code) }

    private static let unknownCredentials: Set<String> = [
        "AuthFailure", "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException",
    ]
}

extension ServiceError: ExplainedFailure {}
