/// The header field `Authorization` as the signature's specification has it, or what stands for it in a query.
///
/// Source: AWS Identity and Access Management User Guide, "Elements of an AWS API request signature".
struct SignatureHeader: Sendable {
    var keyID: String
    /// `20150830`.
    var date: String
    var region: String
    var service: String
    var names: [String]
    var signature: String
    /// Of a URL that carries its signature.
    var presigned: Presigned?

    struct Presigned: Sendable {
        /// `20150830T123600Z`.
        var date: String
        /// Seconds.
        var expires: Int64
        var token: String?
    }

    init?(_ text: String) {
        let algorithm = "AWS4-HMAC-SHA256 "
        guard text.hasPrefix(algorithm) else { return nil }
        var parts: [String: String] = [:]
        for part in text.dropFirst(algorithm.utf8.count).split(separator: ",") {
            let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, parts.updateValue(pair[1], forKey: pair[0]) == nil else { return nil }
        }
        guard parts.count == 3, let credential = parts["Credential"], let names = parts["SignedHeaders"],
            let signature = parts["Signature"], signature.utf8.count == 64
        else { return nil }
        self.init(credential: credential, names: names, signature: signature)
    }

    /// Of a presigned URL.
    init?(query: [String: String]) {
        guard query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256", let credential = query["X-Amz-Credential"],
            let names = query["X-Amz-SignedHeaders"], let signature = query["X-Amz-Signature"],
            let date = query["X-Amz-Date"], let expires = query["X-Amz-Expires"].flatMap({ Int64($0) }),
            (1...604_800).contains(expires)
        else { return nil }
        self.init(credential: credential, names: names, signature: signature)
        presigned = Presigned(date: date, expires: expires, token: query["X-Amz-Security-Token"])
    }

    private init?(credential: String, names: String, signature: String) {
        let scope = credential.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard scope.count == 5, scope[4] == "aws4_request", !scope.contains("") else { return nil }
        (keyID, date, region, service) = (scope[0], scope[1], scope[2], scope[3])
        self.names = names.split(separator: ";").map(String.init)
        self.signature = signature
        // In order and in lower case, as the canonical request has them.
        guard self.names == self.names.sorted(), names == names.lowercased() else { return nil }
    }

    var scope: String { "\(date)/\(region)/\(service)/aws4_request" }
}
