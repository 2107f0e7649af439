import OCI

/// The JSON forms in which programs and services give credentials.
struct CredentialDocument: Sendable {
    /// Whose answer it is, as in `the program 'x' of profile 'y'`.
    let giver: String
    /// Goes into `Credentials.source`.
    let source: String
    /// What a program calls `SessionToken` is `Token` with services.
    let tokenKey: String

    /// Reads credentials; unknown members are passed over.
    ///
    /// No message quotes the document: it is secret.
    func read(_ bytes: [UInt8]) throws(CredentialError) -> Credentials {
        guard let document = try? JSONValue.parse(bytes, limit: 1 << 20), document.objectValue != nil else {
            throw wrong("something else than a JSON object")
        }
        return try read(document)
    }

    func read(_ document: JSONValue) throws(CredentialError) -> Credentials {
        var result = Credentials(
            accessKeyID: try word("AccessKeyId", of: document),
            secretAccessKey: try word("SecretAccessKey", of: document),
            source: source
        )
        if let token = document[tokenKey], token != .null, token != "" {
            result.sessionToken = try word(tokenKey, of: document)
        }
        if let end = document["Expiration"], end != .null, end != "" {
            guard let seconds = end.stringValue.flatMap({ Self.seconds($0) }) else {
                throw wrong("an 'Expiration' that is no ISO 8601 time with an offset")
            }
            result.expiration = seconds
        }
        return result
    }

    private func word(_ key: String, of document: JSONValue) throws(CredentialError) -> String {
        guard let text = document[key]?.stringValue, text.isOneWord else { throw wrong("no '\(key)'") }
        return text
    }

    private func wrong(_ found: String) -> CredentialError { CredentialError("\(giver) gave \(found)") }

    /// Seconds since 1970 of an ISO 8601 time; an offset may be without its colon, as some programs write it.
    static func seconds(_ text: String) -> Int64? {
        if let seconds = Timestamp.seconds(text) { return seconds }
        let tail = Array(text.utf8.suffix(5))
        guard tail.count == 5, tail[0] == UInt8(ascii: "+") || tail[0] == UInt8(ascii: "-") else { return nil }
        return Timestamp.seconds("\(text.dropLast(2)):\(text.suffix(2))")
    }
}
