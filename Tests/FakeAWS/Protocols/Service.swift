import FakeRegistry
import OCI

/// The services that are there: named as in the scope of a signature.
package enum Service: String, Sendable, Hashable, CaseIterable {
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

    func answer(_ outcome: Outcome, _ operation: String, requestID: String) -> FakeAnswer {
        switch outcome {
        case .json(let status, let document):
            return FakeAnswer(
                status,
                ["content-type": jsonType, "x-amzn-requestid": requestID],
                body: document.canonicalBytes
            )
        case .bytes(let status, let headers, let body):
            let name = wire == .restXML ? "x-amz-request-id" : "x-amzn-requestid"
            return FakeAnswer(status, headers.merging([name: requestID]) { own, _ in own }, body: body)
        case .xml(let elements):
            // What answers with nothing has no result either.
            let result = elements.isEmpty ? [] : [XML("\(operation)Result", elements)]
            var content = result + [XML("ResponseMetadata", [XML("RequestId", requestID)])]
            var space: String?
            switch wire {
            case .ec2(_, let own): (content, space) = ([XML("requestId", requestID)] + elements, own)
            case .query(_, let own): space = own
            case .restJSON, .json, .restXML: preconditionFailure("\(operation) has no answer in XML")
            }
            return FakeAnswer(
                200,
                ["content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestID],
                body: XML.document("\(operation)Response", space: space, content)
            )
        }
    }

    private var jsonType: String {
        if case .json = wire { "application/x-amz-json-1.1" } else { "application/json" }
    }

    func answer(_ failure: Failure, requestID: String) -> FakeAnswer {
        let details = [XML("Code", failure.code), XML("Message", failure.message)]
        switch wire {
        case .restJSON:
            let document = JSONValue.object([
                "Message": .string(failure.message), "Reason": failure.reason.map(JSONValue.string),
            ])
            return FakeAnswer(
                failure.status,
                ["content-type": jsonType, "x-amzn-requestid": requestID, "x-amzn-errortype": failure.code],
                body: document.canonicalBytes
            )
        case .json:
            let document = JSONValue.strings(["__type": failure.qualifiedCode, "message": failure.message])
            return FakeAnswer(
                failure.status,
                ["content-type": jsonType, "x-amzn-requestid": requestID],
                body: document.canonicalBytes
            )
        case .ec2:
            let errors = XML("Errors", [XML("Error", details)])
            return FakeAnswer(
                failure.status,
                ["content-type": "text/xml;charset=UTF-8"],
                body: XML.document("Response", space: nil, [errors, XML("RequestID", requestID)])
            )
        case .query(_, let space):
            let type = XML("Type", failure.status < 500 ? "Sender" : "Receiver")
            return FakeAnswer(
                failure.status,
                ["content-type": "text/xml", "x-amzn-requestid": requestID],
                body: XML.document(
                    "ErrorResponse",
                    space: space,
                    [XML("Error", [type] + details), XML("RequestId", requestID)]
                )
            )
        case .restXML:
            return FakeAnswer(
                failure.status,
                ["content-type": "application/xml", "x-amz-request-id": requestID],
                body: XML.document("Error", space: nil, details + [XML("RequestId", requestID)])
            )
        }
    }
}

extension Failure {
    /// What refuses before the service itself does, as the frame in front of it names it.
    private static let framed: Set<String> = [
        "AccessDeniedException", "ExpiredTokenException", "IncompleteSignatureException", "InvalidSignatureException",
        "MissingAuthenticationTokenException", "SerializationException", "ThrottlingException",
        "UnknownOperationException", "UnrecognizedClientException",
    ]

    /// Of the protocol JSON 1.1.
    fileprivate var qualifiedCode: String {
        Self.framed.contains(code) ? "com.amazon.coral.service#\(code)" : code
    }
}
