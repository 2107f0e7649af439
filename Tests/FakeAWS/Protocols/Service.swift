import FakeRegistry
import OCI

/// The services that are there, each with its protocol: named as in the scope of a signature.
package enum Service: String, Sendable, Hashable {
    case ebs
    case ec2
    case sts
    case ssm
    case kms

    /// How a service is spoken to.
    enum WireProtocol: Sendable, Hashable {
        /// Paths, header fields and JSON documents.
        case restJSON
        /// Forms with lists of its own kind, answered in XML.
        case ec2Query(version: String)
        /// Forms, answered in XML of the name space.
        case query(version: String, space: String)
        /// JSON documents, and the operation's name after the prefix in the header field `X-Amz-Target`.
        case json11(target: String)
    }

    /// Source: the `metadata` of the services' models.
    var wireProtocol: WireProtocol {
        switch self {
        case .ebs: .restJSON
        case .ec2: .ec2Query(version: "2016-11-15")
        case .sts: .query(version: "2011-06-15", space: "https://sts.amazonaws.com/doc/2011-06-15/")
        case .ssm: .json11(target: "AmazonSSM")
        case .kms: .json11(target: "TrentService")
        }
    }

    func answer(_ outcome: Outcome, _ operation: String, requestID: String) -> FakeAnswer {
        switch outcome {
        case .json(let status, let document):
            return json(status, document, requestID: requestID)
        case .bytes(let status, let headers, let body):
            return FakeAnswer(status, headers.merging(["x-amzn-requestid": requestID]) { own, _ in own }, body: body)
        case .xml(let elements):
            return FakeAnswer(
                200,
                ["content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestID],
                body: xml(elements, operation, requestID: requestID)
            )
        }
    }

    private func xml(_ elements: [XML], _ operation: String, requestID: String) -> [UInt8] {
        switch wireProtocol {
        case .ec2Query(let version):
            return XML.document(
                "\(operation)Response",
                space: "http://ec2.amazonaws.com/doc/\(version)/",
                [XML("requestId", requestID)] + elements
            )
        case .query(_, let space):
            // What answers with nothing has no result either.
            let result = elements.isEmpty ? [] : [XML("\(operation)Result", elements)]
            return XML.document(
                "\(operation)Response",
                space: space,
                result + [XML("ResponseMetadata", [XML("RequestId", requestID)])]
            )
        case .restJSON, .json11: preconditionFailure("\(operation) answers in JSON")
        }
    }

    func answer(_ failure: Failure, requestID: String) -> FakeAnswer {
        let details = [XML("Code", failure.code), XML("Message", failure.message)]
        switch wireProtocol {
        case .restJSON:
            let document = JSONValue.object([
                "Message": .string(failure.message), "Reason": failure.reason.map(JSONValue.string),
            ])
            var answer = json(failure.status, document, requestID: requestID)
            answer.headers["x-amzn-errortype"] = failure.code
            return answer
        case .json11:
            return json(
                failure.status,
                .strings(["__type": failure.code, "message": failure.message]),
                requestID: requestID
            )
        case .ec2Query:
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
        }
    }

    private func json(_ status: Int, _ document: JSONValue, requestID: String) -> FakeAnswer {
        let type = wireProtocol == .restJSON ? "application/json" : "application/x-amz-json-1.1"
        return FakeAnswer(
            status,
            ["content-type": type, "x-amzn-requestid": requestID],
            body: document.canonicalBytes
        )
    }
}
