package import OCI

/// The search in what is in memory: names, messages, documents.
extension SecretBytes {
    /// A text with every value masked.
    package func masked(_ text: String) -> String {
        if isEmpty { return text }
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { window in
            var kept: [UInt8] = []
            _ = mask(window, before: window.count, into: &kept)
            return String(decoding: kept, as: UTF8.self)
        }
    }

    /// The name of a secret whose value is in the bytes, nil where there is none.
    package func firstName(in bytes: [UInt8], atLeast shortest: Int = SecretBytes.shortestElsewhere) -> String? {
        if isEmpty { return nil }
        return bytes.withUnsafeBytes { firstMatch(in: $0, atLeast: shortest, before: $0.count)?.name }
    }

    /// The name of a secret whose value is in a text, nil where there is none.
    package func firstName(in text: String) -> String? { firstName(in: Array(text.utf8)) }

    /// The name of a secret whose value is in a text of the document, or in the name of a member; nil where there is none.
    package func firstName(in document: JSONValue) -> String? {
        if isEmpty { return nil }
        switch document {
        case .string(let text): return firstName(in: text)
        case .array(let values): return values.lazy.compactMap { firstName(in: $0) }.first
        case .object(let members):
            return members.sorted { $0.key < $1.key }.lazy.compactMap {
                firstName(in: $0.key) ?? firstName(in: $0.value)
            }
            .first
        default: return nil
        }
    }
}
