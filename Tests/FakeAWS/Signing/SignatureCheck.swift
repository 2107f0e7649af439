import Crypto
import FakeRegistry
import OCI
import SystemIO

/// Recomputes a signature from what came, made apart from the client's own.
///
/// Source: AWS Identity and Access Management User Guide, "Create a signed AWS API request".
struct SignatureCheck {
    let service: Service
    let header: SignatureHeader
    let request: FakeRequest
    let bodyDigest: SystemIO.Digest
    let takesUnsignedBody: Bool

    private var isForS3: Bool { service.wire == .restXML }

    /// Seconds.
    private var tolerance: Int64 { isForS3 ? 900 : 300 }

    /// `now` is in seconds since 1970.
    func verify(secret: String, now: Int64) throws(Failure) {
        if header.presigned != nil, !isForS3 {
            throw service.wrongSignature("The fake takes signatures in a query for S3 only.")
        }
        guard let date = header.presigned?.date ?? request.headers["x-amz-date"], let time = Self.seconds(date),
            date.hasPrefix(header.date)
        else { throw service.wrongSignature("'x-amz-date' is missing or not in the scope.") }
        for name in request.headers.keys.sorted() where name == "host" || name.hasPrefix("x-amz-") {
            guard header.names.contains(name) else { throw service.wrongSignature("'\(name)' must be signed.") }
        }
        guard header.names.contains("host") else { throw service.wrongSignature("'host' must be signed.") }
        let canonical = try canonicalRequest(payload: payload())
        let text = "AWS4-HMAC-SHA256\n\(date)\n\(header.scope)\n\(Digester.digest(of: canonical).hex)"
        var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        for part in [header.date, header.region, header.service, "aws4_request"] {
            key = SymmetricKey(data: Self.code(part, key))
        }
        guard hexadecimal(Self.code(text, key)) == header.signature else {
            throw service.wrongSignature("The canonical request was \(canonical.debugDescription)")
        }
        if let presigned = header.presigned {
            if time - now > tolerance { throw Failure(403, "AccessDenied", "Request is not valid yet") }
            if now > time + presigned.expires { throw Failure(403, "AccessDenied", "Request has expired") }
        } else if abs(now - time) > tolerance {
            throw service.skewed(isPast: time < now, "\(date) is not near \(Timestamp.text(seconds: now))")
        }
    }

    private static func code(_ text: String, _ key: SymmetricKey) -> HashedAuthenticationCode<SHA256> {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
    }

    /// What the signature says of the body.
    private func payload() throws(Failure) -> String {
        if header.presigned != nil { return "UNSIGNED-PAYLOAD" }
        let digest = bodyDigest.hex
        switch request.headers["x-amz-content-sha256"] {
        case nil where isForS3:
            throw Failure(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
        case nil, digest: return digest
        case "UNSIGNED-PAYLOAD":
            if takesUnsignedBody { return "UNSIGNED-PAYLOAD" }
            throw service.wrongSignature("The body must be signed.")
        case let other? where isForS3 && other.utf8.count == 64:
            let text = "The provided 'x-amz-content-sha256' header does not match what was computed."
            throw Failure(400, "XAmzContentSHA256Mismatch", text)
        default: throw service.wrongSignature("The body is not what 'x-amz-content-sha256' says.")
        }
    }

    private func canonicalRequest(payload: String) throws(Failure) -> String {
        // Encoded once more than on the way; only S3 takes it as it came.
        let path = request.path.split(separator: "/", omittingEmptySubsequences: false)
            .map { isForS3 ? URLText.encoded(URLText.decoded(String($0))) : URLText.encoded(String($0)) }
            .joined(separator: "/")
        let query = request.query.filter { $0.key != "X-Amz-Signature" }.map {
            (URLText.encoded($0.key), URLText.encoded($0.value))
        }.sorted { $0 < $1 }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        var text = "\(request.method)\n\(path)\n\(query)\n"
        for name in header.names {
            guard let value = request.headers[name] else {
                throw service.wrongSignature("'\(name)' is signed and not there.")
            }
            text += "\(name):\(value.split(separator: " ").joined(separator: " "))\n"
        }
        return text + "\n\(header.names.joined(separator: ";"))\n\(payload)"
    }

    /// Of `20150830T123600Z`.
    private static func seconds(_ text: String) -> Int64? {
        let parts = Array(text)
        guard parts.count == 16 else { return nil }
        func part(_ range: Range<Int>) -> String { String(parts[range]) }
        return Timestamp.seconds(
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z"
        )
    }
}
