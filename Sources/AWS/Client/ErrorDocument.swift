import FoundationEssentials
import HTTPTransport
import OCI
import XMLCoder

/// What a service says of a call that failed, in any of the forms of its protocols.
///
/// Source: Smithy specification, "AWS JSON 1.1 protocol", "AWS restJson1 protocol", "AWS query protocol" and "AWS EC2 query
/// protocol", the sections on errors.
struct ErrorDocument {
    let code: String
    let message: String
    var requestID: String?

    init?(_ headers: HeaderFields, _ body: [UInt8]) {
        if body.first(where: { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }) == UInt8(ascii: "<") {
            self.init(xml: body)
        } else {
            self.init(json: body, headers)
        }
    }

    private init?(xml body: [UInt8]) {
        guard let document = try? XMLDecoder().decode(Document.self, from: Data(body)) else { return nil }
        let error = document.error ?? document.errors?.error.first
        guard let code = error?.code ?? document.code else { return nil }
        self.code = code
        message = error?.message ?? document.message ?? ""
        requestID = document.requestID ?? document.requestId
    }

    private init?(json body: [UInt8], _ headers: HeaderFields) {
        let document = try? JSONValue.parse(body)
        let name = headers["x-amzn-errortype"] ?? (document?["__type"] ?? document?["code"])?.stringValue
        guard let name else { return nil }
        // `com.example#Name:http://...`
        let short = name.split(separator: ":").first.map(String.init) ?? name
        code = short.split(separator: "#").last.map(String.init) ?? short
        let text = (document?["message"] ?? document?["Message"])?.stringValue ?? ""
        let reason = (document?["Reason"] ?? document?["reason"])?.stringValue
        message = reason.map { "\(text) [\($0)]" } ?? text
    }

    private struct Document: Decodable {
        var error: Failure?
        var errors: Failures?
        /// S3 has no element around them.
        var code: String?
        var message: String?
        var requestID: String?
        var requestId: String?

        enum CodingKeys: String, CodingKey {
            case code = "Code"
            case message = "Message"
            case error = "Error"
            case errors = "Errors"
            case requestID = "RequestID"
            case requestId = "RequestId"
        }
    }

    private struct Failures: Decodable {
        var error: [Failure]

        enum CodingKeys: String, CodingKey { case error = "Error" }
    }

    private struct Failure: Decodable {
        var code: String
        var message: String?

        enum CodingKeys: String, CodingKey {
            case code = "Code"
            case message = "Message"
        }
    }
}
