import Crypto
package import HTTPTransport
import OCI
package import SystemIO

/// Signs requests as AWS asks for, version 4, with the time and the credentials of one moment.
///
/// Source: AWS General Reference, "Signature Version 4 signing process"; the worked examples there are tests.
package struct RequestSigner: Sendable {
    private let credentials: Credentials
    private let service: String
    /// `20150830T123600Z`.
    private let timestamp: String
    /// What the key of a signature is good for: day, region, service.
    private let scope: [String]
    private let keys: SigningKeys

    /// Signers that share `keys` derive each of them once.
    ///
    /// `region` is as it stands in the scope: `eu-west-1`; `service` the service's signing name: `ec2`; `time` in seconds since
    /// 1970.
    package init(
        credentials: Credentials,
        region: String,
        service: String,
        time: Int64,
        keys: SigningKeys = SigningKeys()
    ) {
        self.credentials = credentials
        self.service = service
        self.keys = keys
        let separators: [UInt8] = [UInt8(ascii: "-"), UInt8(ascii: ":")]
        timestamp = String(
            decoding: Timestamp.text(seconds: time).utf8.filter { !separators.contains($0) },
            as: UTF8.self
        )
        scope = [String(timestamp.prefix(8)), region, service, "aws4_request"]
    }

    /// What the signature says of the body.
    package enum Payload: Sendable, Hashable {
        /// Its SHA-256.
        case digest(SystemIO.Digest)
        /// Nothing: the header fields that are signed have to.
        case unsigned

        package static func bytes(_ bytes: [UInt8]) -> Payload { .digest(Digester.digest(of: bytes)) }

        var text: String {
            switch self {
            case .digest(let digest): digest.hex
            case .unsigned: "UNSIGNED-PAYLOAD"
            }
        }
    }

    static let algorithm = "AWS4-HMAC-SHA256"

    /// Adds `Host`, `X-Amz-Date`, `X-Amz-Security-Token` and `Authorization`; every header field that is there is signed.
    ///
    /// `saysPayload` adds `X-Amz-Content-SHA256`, which some services ask for and all take.
    package func sign(_ request: inout HTTPRequest, payload: Payload, saysPayload: Bool = true) {
        request.headers["Host"] = request.address.authority
        request.headers["X-Amz-Date"] = timestamp
        if saysPayload { request.headers["X-Amz-Content-SHA256"] = payload.text }
        if let token = credentials.sessionToken { request.headers["X-Amz-Security-Token"] = token }
        let (canonical, names) = canonicalRequest(request, payload: payload.text)
        request.headers["Authorization"] =
            "\(Self.algorithm) Credential=\(credential), SignedHeaders=\(names), "
            + "Signature=\(signature(of: canonical))"
    }

    /// The address with a signature in its query, for whoever has no credentials, good for so many seconds.
    package func presigned(_ method: HTTPMethod, _ address: WebAddress, seconds: Int) -> WebAddress {
        let isObject = service == "s3"
        var signed =
            address
            .adding(query: "X-Amz-Algorithm", Self.algorithm)
            .adding(query: "X-Amz-Credential", credential)
            .adding(query: "X-Amz-Date", timestamp)
            .adding(query: "X-Amz-Expires", String(seconds))
        if let token = credentials.sessionToken { signed = signed.adding(query: "X-Amz-Security-Token", token) }
        signed = signed.adding(query: "X-Amz-SignedHeaders", "host")
        let request = HTTPRequest(method, signed, headers: ["Host": signed.authority])
        let payload = isObject ? Payload.unsigned.text : Payload.bytes([]).text
        let (canonical, _) = canonicalRequest(request, payload: payload)
        return signed.adding(query: "X-Amz-Signature", signature(of: canonical))
    }

    /// The request as both sides see it, and the names of what of its header is signed.
    func canonicalRequest(_ request: HTTPRequest, payload: String) -> (text: String, names: String) {
        var fields: [String: [String]] = [:]
        for field in request.headers.fields {
            fields[field.name.lowercased(), default: []].append(Self.withoutRuns(field.value))
        }
        fields["authorization"] = nil
        let sorted = fields.sorted { $0.key < $1.key }
        let names = sorted.map(\.key).joined(separator: ";")
        let lines =
            [request.method.rawValue, canonicalPath(request.address.path), canonicalQuery(request.address.query)]
            + sorted.map { "\($0.key):\($0.value.joined(separator: ","))" } + ["", names, payload]
        return (lines.joined(separator: "\n"), names)
    }

    /// Encoded once more than on the way, but for objects, whose names are what they are.
    private func canonicalPath(_ path: String) -> String {
        if service == "s3" { return path }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        return segments.map { percentEncoded(String($0)) }.joined(separator: "/")
    }

    private func canonicalQuery(_ query: String?) -> String {
        let members = (query ?? "").split(separator: "&").map { member in
            let parts = member.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(parts[0]), value: parts.count > 1 ? String(parts[1]) : "")
        }
        return members.sorted { ($0.name, $0.value) < ($1.name, $1.value) }.map { "\($0.name)=\($0.value)" }
            .joined(separator: "&")
    }

    func stringToSign(_ canonical: String) -> String {
        [Self.algorithm, timestamp, scope.joined(separator: "/"), Digester.digest(of: canonical).hex].joined(
            separator: "\n"
        )
    }

    private func signature(of canonical: String) -> String {
        let key = keys.key(credential, secret: credentials.secretAccessKey, scope: scope)
        let text = Array(stringToSign(canonical).utf8)
        return hexadecimal(HMAC<SHA256>.authenticationCode(for: text, using: key))
    }

    private var credential: String { "\(credentials.accessKeyID)/\(scope.joined(separator: "/"))" }

    /// Without blanks at both ends, and with one where several follow each other.
    private static func withoutRuns(_ value: String) -> String {
        value.utf8.contains(UInt8(ascii: " ")) ? value.split(separator: " ").joined(separator: " ") : value
    }
}
