/// The same refusals in each service's words.
extension Service {
    func refusal(of problem: ParameterReader.Problem) -> Failure {
        switch (self, problem) {
        case (.ec2, .missing(let name)):
            Failure(400, "MissingParameter", "The request must contain the parameter \(name)")
        case (.ec2, .unknown(let name)):
            Failure(400, "UnknownParameter", "The parameter \(name) is not recognized")
        case (.ec2, .invalid(let name, let value, let why)):
            Failure(400, "InvalidParameterValue", "Value (\(value)) for parameter \(name) is invalid: \(why)")
        case (_, .missing(let name)):
            invalid("Value at '\(name)' failed to satisfy constraint: Member must not be null")
        case (_, .unknown(let name)): invalid("Unknown parameter '\(name)'")
        case (_, .invalid(let name, let value, let why)):
            invalid("Value '\(value)' at '\(name)' failed to satisfy constraint: \(why)")
        }
    }

    private func invalid(_ message: String) -> Failure {
        self == .ebs
            ? Failure(400, "ValidationException", message, reason: "INVALID_PARAMETER_VALUE")
            : Failure(400, "ValidationError", "1 validation error detected: \(message)")
    }

    var unsigned: Failure {
        switch self {
        case .ebs: Failure(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        case .ec2, .sts: Failure(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        }
    }

    var unknownKey: Failure {
        switch self {
        case .ebs:
            Failure(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
        case .ec2: Failure(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
        case .sts: Failure(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        }
    }

    var expiredToken: Failure {
        switch self {
        case .ebs: Failure(403, "ExpiredTokenException", "The security token included in the request is expired")
        case .ec2: Failure(400, "RequestExpired", "Request has expired.")
        case .sts: Failure(403, "ExpiredToken", "The security token included in the request is expired")
        }
    }

    func wrongSignature(_ why: String) -> Failure {
        let text = "The request signature we calculated does not match the signature you provided. \(why)"
        switch self {
        case .ebs: return Failure(403, "InvalidSignatureException", text)
        case .ec2: return unknownKey
        case .sts: return Failure(403, "SignatureDoesNotMatch", text)
        }
    }

    func skewed(isPast: Bool, _ why: String) -> Failure {
        let text = isPast ? "Signature expired: \(why)" : "Signature not yet current: \(why)"
        switch self {
        case .ebs: return Failure(403, "InvalidSignatureException", text)
        case .ec2: return isPast ? Failure(400, "RequestExpired", "Request has expired. \(why)") : unknownKey
        case .sts: return Failure(403, "SignatureDoesNotMatch", text)
        }
    }

    func denied(_ operation: String, to principal: String) -> Failure {
        let text = "User: \(principal) is not authorized to perform: \(rawValue):\(operation)"
        switch self {
        case .ebs: return Failure(403, "AccessDeniedException", text, reason: "UNAUTHORIZED_ACCOUNT")
        case .ec2:
            return Failure(403, "UnauthorizedOperation", "You are not authorized to perform this operation. \(text)")
        case .sts: return Failure(403, "AccessDenied", text)
        }
    }

    var throttled: Failure {
        switch self {
        case .ebs: Failure(400, "RequestThrottledException", "Rate exceeded", reason: "ACCOUNT_THROTTLED")
        case .ec2: Failure(503, "RequestLimitExceeded", "Request limit exceeded.")
        case .sts: Failure(400, "Throttling", "Rate exceeded")
        }
    }

    func broken(_ status: Int) -> Failure {
        switch self {
        case .ebs: Failure(status, "InternalServerException", "An internal error has occurred")
        case .ec2: Failure(status, status == 503 ? "Unavailable" : "InternalError", "An internal error has occurred")
        case .sts: Failure(status, status == 503 ? "ServiceUnavailable" : "InternalFailure", "An internal failure")
        }
    }
}
