/// The same refusals in each service's words.
extension Service {
    func refusal(of problem: ParameterReader.Problem) -> Failure {
        switch (wireProtocol, problem) {
        case (.ec2Query, .missing(let name)):
            Failure(400, "MissingParameter", "The request must contain the parameter \(name)")
        case (.ec2Query, .unknown(let name)):
            Failure(400, "UnknownParameter", "The parameter \(name) is not recognized")
        case (.ec2Query, .invalid(let name, let value, let why)):
            Failure(400, "InvalidParameterValue", "Value (\(value)) for parameter \(name) is invalid: \(why)")
        case (_, .missing(let name)):
            invalid("Value at '\(name)' failed to satisfy constraint: Member must not be null")
        case (_, .unknown(let name)): invalid("Unknown parameter '\(name)'")
        case (_, .invalid(let name, let value, let why)):
            invalid("Value '\(value)' at '\(name)' failed to satisfy constraint: \(why)")
        }
    }

    private func invalid(_ message: String) -> Failure {
        switch wireProtocol {
        case .restJSON: Failure(400, "ValidationException", message, reason: "INVALID_PARAMETER_VALUE")
        case .json11: Failure(400, "ValidationException", "1 validation error detected: \(message)")
        case .ec2Query, .query: Failure(400, "ValidationError", "1 validation error detected: \(message)")
        }
    }

    /// A request that names no operation of the service.
    func unknownOperation(_ text: String) -> Failure {
        switch wireProtocol {
        case .restJSON: Failure(404, "UnknownOperationException", text)
        case .json11: Failure(400, "UnknownOperationException", text)
        case .ec2Query, .query: Failure(400, "InvalidAction", text)
        }
    }

    var unsigned: Failure {
        switch wireProtocol {
        case .restJSON: Failure(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        case .json11: Failure(400, "MissingAuthenticationTokenException", "Missing Authentication Token")
        case .ec2Query, .query:
            Failure(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        }
    }

    var unknownKey: Failure {
        let text = "The security token included in the request is invalid."
        return switch wireProtocol {
        case .restJSON: Failure(403, "UnrecognizedClientException", text)
        case .json11: Failure(400, "UnrecognizedClientException", text)
        case .ec2Query:
            Failure(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
        case .query: Failure(403, "InvalidClientTokenId", text)
        }
    }

    var expiredToken: Failure {
        let text = "The security token included in the request is expired"
        return switch wireProtocol {
        case .restJSON: Failure(403, "ExpiredTokenException", text)
        case .json11: Failure(400, "ExpiredTokenException", text)
        case .ec2Query: Failure(400, "RequestExpired", "Request has expired.")
        case .query: Failure(403, "ExpiredToken", text)
        }
    }

    func wrongSignature(_ why: String) -> Failure {
        let text = "The request signature we calculated does not match the signature you provided. \(why)"
        switch wireProtocol {
        case .restJSON: return Failure(403, "InvalidSignatureException", text)
        case .json11: return Failure(400, "InvalidSignatureException", text)
        case .ec2Query: return unknownKey
        case .query: return Failure(403, "SignatureDoesNotMatch", text)
        }
    }

    func skewed(isPast: Bool, _ why: String) -> Failure {
        let text = isPast ? "Signature expired: \(why)" : "Signature not yet current: \(why)"
        switch wireProtocol {
        case .restJSON: return Failure(403, "InvalidSignatureException", text)
        case .json11: return Failure(400, "InvalidSignatureException", text)
        case .ec2Query:
            return isPast ? Failure(400, "RequestExpired", "Request has expired. \(why)") : unknownKey
        case .query: return Failure(403, "SignatureDoesNotMatch", text)
        }
    }

    func denied(_ operation: String, to principal: String) -> Failure {
        let text = "User: \(principal) is not authorized to perform: \(rawValue):\(operation)"
        switch wireProtocol {
        case .restJSON: return Failure(403, "AccessDeniedException", text, reason: "UNAUTHORIZED_ACCOUNT")
        case .json11: return Failure(400, "AccessDeniedException", text)
        case .ec2Query:
            return Failure(403, "UnauthorizedOperation", "You are not authorized to perform this operation. \(text)")
        case .query: return Failure(403, "AccessDenied", text)
        }
    }

    var throttled: Failure {
        switch wireProtocol {
        case .restJSON: Failure(400, "RequestThrottledException", "Rate exceeded", reason: "ACCOUNT_THROTTLED")
        case .json11: Failure(400, "ThrottlingException", "Rate exceeded")
        case .ec2Query: Failure(503, "RequestLimitExceeded", "Request limit exceeded.")
        case .query: Failure(400, "Throttling", "Rate exceeded")
        }
    }

    func broken(_ status: Int) -> Failure {
        switch wireProtocol {
        case .restJSON: Failure(status, "InternalServerException", "An internal error has occurred")
        case .json11:
            Failure(
                status,
                status == 503 ? "ServiceUnavailableException" : "InternalServerError",
                "An internal error has occurred"
            )
        case .ec2Query:
            Failure(status, status == 503 ? "Unavailable" : "InternalError", "An internal error has occurred")
        case .query: Failure(status, status == 503 ? "ServiceUnavailable" : "InternalFailure", "An internal failure")
        }
    }
}
