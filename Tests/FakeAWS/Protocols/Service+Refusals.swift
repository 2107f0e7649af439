/// The same refusals in each service's words.
extension Service {
    func refusal(of problem: ParameterReader.Problem) -> Failure {
        switch (wire, problem) {
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
        switch wire {
        case .restJSON: Failure(400, "ValidationException", message, reason: "INVALID_PARAMETER_VALUE")
        case .json where self == .ecr: Failure(400, "InvalidParameterException", "Invalid parameter: \(message)")
        case .json: Failure(400, "ValidationException", "1 validation error detected: \(message)")
        case .restXML: Failure(400, "InvalidArgument", message)
        case .ec2, .query: Failure(400, "ValidationError", "1 validation error detected: \(message)")
        }
    }

    var unsigned: Failure {
        switch wire {
        case .restJSON, .json:
            Failure(clientStatus, "MissingAuthenticationTokenException", "Missing Authentication Token")
        case .ec2, .query: Failure(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        case .restXML: Failure(403, "AccessDenied", "Access Denied")
        }
    }

    /// Of refusals of who asks: JSON 1.1 has 400 for nearly all.
    private var clientStatus: Int { if case .json = wire { 400 } else { 403 } }

    var unknownKey: Failure {
        switch wire {
        case .restJSON, .json:
            Failure(
                clientStatus,
                "UnrecognizedClientException",
                "The security token included in the request is invalid."
            )
        case .ec2: Failure(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
        case .query: Failure(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        case .restXML:
            Failure(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        }
    }

    var expiredToken: Failure {
        let text = "The security token included in the request is expired"
        switch wire {
        case .restJSON, .json: return Failure(clientStatus, "ExpiredTokenException", text)
        case .ec2: return Failure(400, "RequestExpired", "Request has expired.")
        case .query: return Failure(403, "ExpiredToken", text)
        case .restXML: return Failure(400, "ExpiredToken", "The provided token has expired.")
        }
    }

    func wrongSignature(_ why: String) -> Failure {
        let text = "The request signature we calculated does not match the signature you provided. \(why)"
        switch wire {
        case .restJSON, .json: return Failure(clientStatus, "InvalidSignatureException", text)
        case .ec2: return unknownKey
        case .query, .restXML: return Failure(403, "SignatureDoesNotMatch", text)
        }
    }

    func skewed(isPast: Bool, _ why: String) -> Failure {
        let text = isPast ? "Signature expired: \(why)" : "Signature not yet current: \(why)"
        switch wire {
        case .restJSON, .json: return Failure(clientStatus, "InvalidSignatureException", text)
        case .ec2: return isPast ? Failure(400, "RequestExpired", "Request has expired. \(why)") : unknownKey
        case .query: return Failure(403, "SignatureDoesNotMatch", text)
        case .restXML:
            return Failure(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large. \(why)"
            )
        }
    }

    func denied(_ operation: String, to principal: String) -> Failure {
        let text = "User: \(principal) is not authorized to perform: \(rawValue):\(operation)"
        switch wire {
        case .restJSON: return Failure(403, "AccessDeniedException", text, reason: "UNAUTHORIZED_ACCOUNT")
        case .json: return Failure(400, "AccessDeniedException", text)
        case .ec2:
            return Failure(403, "UnauthorizedOperation", "You are not authorized to perform this operation. \(text)")
        case .query, .restXML: return Failure(403, "AccessDenied", text)
        }
    }

    var throttled: Failure {
        switch wire {
        case .restJSON: Failure(400, "RequestThrottledException", "Rate exceeded", reason: "ACCOUNT_THROTTLED")
        case .json: Failure(400, "ThrottlingException", "Rate exceeded")
        case .ec2: Failure(503, "RequestLimitExceeded", "Request limit exceeded.")
        case .query: Failure(400, "Throttling", "Rate exceeded")
        case .restXML: Failure(503, "SlowDown", "Please reduce your request rate.")
        }
    }

    func broken(_ status: Int) -> Failure {
        switch wire {
        case .restJSON: Failure(status, "InternalServerException", "An internal error has occurred")
        case .json: Failure(status, status == 503 ? "ServiceUnavailable" : "InternalServerError", "An internal error")
        case .ec2: Failure(status, status == 503 ? "Unavailable" : "InternalError", "An internal error has occurred")
        case .query: Failure(status, status == 503 ? "ServiceUnavailable" : "InternalFailure", "An internal failure")
        case .restXML: Failure(status, status == 503 ? "ServiceUnavailable" : "InternalError", "An internal error")
        }
    }
}
