import FakeRegistry
import OCI

/// The services that are there, each with its protocol: named as in the scope of a signature.
package enum Service: String, Sendable, Hashable {
    case ebs
    case ec2
    case sts

    /// Of the query protocols.
    var version: String { self == .ec2 ? "2016-11-15" : "2011-06-15" }

    func answer(_ outcome: Outcome, _ operation: String, requestID: String) -> FakeAnswer {
        switch outcome {
        case .json(let status, let document):
            return FakeAnswer(
                status,
                ["content-type": "application/json", "x-amzn-requestid": requestID],
                body: document.canonicalBytes
            )
        case .bytes(let status, let headers, let body):
            return FakeAnswer(status, headers.merging(["x-amzn-requestid": requestID]) { own, _ in own }, body: body)
        case .xml(let elements):
            let content =
                self == .ec2
                ? [XML("requestId", requestID)] + elements
                : [XML("\(operation)Result", elements), XML("ResponseMetadata", [XML("RequestId", requestID)])]
            let space =
                self == .ec2
                ? "http://ec2.amazonaws.com/doc/\(version)/" : "https://sts.amazonaws.com/doc/\(version)/"
            return FakeAnswer(
                200,
                ["content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestID],
                body: XML.document("\(operation)Response", space: space, content)
            )
        }
    }

    func answer(_ failure: Failure, requestID: String) -> FakeAnswer {
        let details = [XML("Code", failure.code), XML("Message", failure.message)]
        switch self {
        case .ebs:
            let document = JSONValue.object([
                "Message": .string(failure.message), "Reason": failure.reason.map(JSONValue.string),
            ])
            return FakeAnswer(
                failure.status,
                [
                    "content-type": "application/json", "x-amzn-requestid": requestID,
                    "x-amzn-errortype": failure.code,
                ],
                body: document.canonicalBytes
            )
        case .ec2:
            let errors = XML("Errors", [XML("Error", details)])
            return FakeAnswer(
                failure.status,
                ["content-type": "text/xml;charset=UTF-8"],
                body: XML.document("Response", space: nil, [errors, XML("RequestID", requestID)])
            )
        case .sts:
            let type = XML("Type", failure.status < 500 ? "Sender" : "Receiver")
            return FakeAnswer(
                failure.status,
                ["content-type": "text/xml", "x-amzn-requestid": requestID],
                body: XML.document(
                    "ErrorResponse",
                    space: "https://sts.amazonaws.com/doc/\(version)/",
                    [XML("Error", [type] + details), XML("RequestId", requestID)]
                )
            )
        }
    }
}
