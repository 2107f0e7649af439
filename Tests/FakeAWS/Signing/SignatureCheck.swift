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

    private static let tolerance: Int64 = 300

    /// `now` is in seconds since 1970.
    func verify(secret: String, now: Int64) throws(Failure) {
        guard let date = request.headers["x-amz-date"], let time = Self.seconds(date), date.hasPrefix(header.date)
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
        if abs(now - time) > Self.tolerance {
            throw service.skewed(isPast: time < now, "\(date) is not near \(Timestamp.text(seconds: now))")
        }
    }

    private static func code(_ text: String, _ key: SymmetricKey) -> HashedAuthenticationCode<SHA256> {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
    }

    /// What the signature says of the body.
    private func payload() throws(Failure) -> String {
        let digest = bodyDigest.hex
        switch request.headers["x-amz-content-sha256"] {
        case nil, digest: return digest
        case "UNSIGNED-PAYLOAD":
            if takesUnsignedBody { return "UNSIGNED-PAYLOAD" }
            throw service.wrongSignature("The body must be signed.")
        default: throw service.wrongSignature("The body is not what 'x-amz-content-sha256' says.")
        }
    }

    private func canonicalRequest(payload: String) throws(Failure) -> String {
        // Encoded once more than on the way.
        let path = request.path.split(separator: "/", omittingEmptySubsequences: false)
            .map { Self.encoded(String($0)) }.joined(separator: "/")
        let query = request.query.map { (Self.encoded($0.key), Self.encoded($0.value)) }.sorted { $0 < $1 }
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

    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                result.append(byte)
            default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
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
