import SystemIO

/// Members of one object of a received document, each asked for by type; what does not fit is an error with its place.
///
/// A member that is `null` counts as absent, because Go programs write empty lists and maps so. Members that nobody
/// asks for are ignored, as the specification demands.
struct DocumentReader {
    /// What is being read, for messages: `image manifest`.
    let document: String
    /// The place of this object in the document: empty, or `layers[3].`.
    let place: String
    let members: [String: JSONValue]

    init(document: String, value: JSONValue, place: String = "") throws(DocumentError) {
        guard case .object(let members) = value else {
            let name = place.isEmpty ? "the document" : "'\(place)'"
            throw DocumentError.invalid(document: document, reason: "\(name) is \(value.kindName), not an object")
        }
        self.document = document
        self.place = place.isEmpty ? "" : place + "."
        self.members = members
    }

    func error(_ reason: String) -> DocumentError { .invalid(document: document, reason: reason) }

    func has(_ key: String) -> Bool { present(key) != nil }

    private func present(_ key: String) -> JSONValue? {
        if let value = members[key], value != .null { value } else { nil }
    }

    private func wrongKind(_ key: String, _ value: JSONValue, _ expected: String) -> DocumentError {
        error("'\(place)\(key)' is \(value.kindName), not \(expected)")
    }

    private func required<Value>(_ key: String, _ value: Value?) throws(DocumentError) -> Value {
        guard let value else { throw error("'\(place)\(key)' is missing") }
        return value
    }
}

extension DocumentReader {
    func text(_ key: String) throws(DocumentError) -> String { try required(key, try optionalText(key)) }

    func optionalText(_ key: String) throws(DocumentError) -> String? {
        guard let value = present(key) else { return nil }
        guard let text = value.stringValue else { throw wrongKind(key, value, "a string") }
        return text
    }

    func optionalInteger(_ key: String) throws(DocumentError) -> Int64? {
        guard let value = present(key) else { return nil }
        guard let integer = value.integerValue else { throw wrongKind(key, value, "an integer") }
        return integer
    }

    func optionalBool(_ key: String) throws(DocumentError) -> Bool? {
        guard let value = present(key) else { return nil }
        guard let bool = value.boolValue else { throw wrongKind(key, value, "true or false") }
        return bool
    }

    /// A count of bytes.
    func size(_ key: String) throws(DocumentError) -> Int64 {
        let size = try required(key, try optionalInteger(key))
        guard size >= 0 else { throw error("'\(place)\(key)' is \(size), and a size is never negative") }
        return size
    }

    func mediaType(_ key: String) throws(DocumentError) -> MediaType { try required(key, try optionalMediaType(key)) }

    func optionalMediaType(_ key: String) throws(DocumentError) -> MediaType? {
        guard let text = try optionalText(key), !text.isEmpty else { return nil }
        guard let type = MediaType(text) else { throw error("'\(place)\(key)' is '\(cut(text))', not a media type") }
        return type
    }

    func digest(_ key: String) throws(DocumentError) -> Digest {
        try digest(text: try text(key), at: "\(place)\(key)")
    }

    private func digest(text: String, at place: String) throws(DocumentError) -> Digest {
        if let digest = Digest(text) { return digest }
        throw error("'\(place)' is '\(cut(text))', \(whyNoDigest(text))")
    }

    func digestList(_ key: String) throws(DocumentError) -> [Digest] {
        var digests: [Digest] = []
        for (position, text) in try required(key, try optionalTextList(key)).enumerated() {
            digests.append(try digest(text: text, at: "\(place)\(key)[\(position)]"))
        }
        return digests
    }

    func textList(_ key: String) throws(DocumentError) -> [String] { try optionalTextList(key) ?? [] }

    func optionalTextList(_ key: String) throws(DocumentError) -> [String]? {
        guard let values = try list(key) else { return nil }
        var texts: [String] = []
        for (position, value) in values.enumerated() {
            guard let text = value.stringValue else { throw wrongKind("\(key)[\(position)]", value, "a string") }
            texts.append(text)
        }
        return texts
    }

    /// An object whose values are strings; empty where absent.
    func texts(_ key: String) throws(DocumentError) -> [String: String] {
        guard let object = try optionalObject(key) else { return [:] }
        var texts: [String: String] = [:]
        for name in object.members.keys.sorted() { texts[name] = try object.text(name) }
        return texts
    }

    /// The keys of an object that stands for a set, sorted.
    func nameSet(_ key: String) throws(DocumentError) -> [String] {
        try optionalObject(key).map { $0.members.keys.sorted() } ?? []
    }

    func object(_ key: String) throws(DocumentError) -> DocumentReader { try required(key, try optionalObject(key)) }

    func optionalObject(_ key: String) throws(DocumentError) -> DocumentReader? {
        guard let value = present(key) else { return nil }
        return try DocumentReader(document: document, value: value, place: place + key)
    }

    /// A list of objects, or nil where the member is absent; more than `limit` of them are refused.
    func objects(_ key: String, limit: Int) throws(DocumentError) -> [DocumentReader]? {
        guard let values = try list(key) else { return nil }
        guard values.count <= limit else {
            throw error("'\(place)\(key)' has \(values.count) entries, more than the limit of \(limit)")
        }
        var objects: [DocumentReader] = []
        for (position, value) in values.enumerated() {
            objects.append(
                try DocumentReader(document: document, value: value, place: "\(place)\(key)[\(position)]")
            )
        }
        return objects
    }

    func requiredObjects(_ key: String, limit: Int) throws(DocumentError) -> [DocumentReader] {
        try required(key, try objects(key, limit: limit))
    }

    private func list(_ key: String) throws(DocumentError) -> [JSONValue]? {
        guard let value = present(key) else { return nil }
        guard let values = value.arrayValue else { throw wrongKind(key, value, "a list") }
        return values
    }
}

extension JSONValue {
    /// What the value is, for messages.
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a truth value"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// The text, shortened for a message.
func cut(_ text: String) -> String { text.utf8.count <= 100 ? text : String(text.prefix(80)) + "..." }

/// Why `Digest` refused the text, to follow "is 'TEXT', ".
func whyNoDigest(_ text: String) -> String {
    let algorithm = text.prefix { $0 != ":" }
    return text.contains(":") && algorithm != "sha256" && !algorithm.isEmpty
        ? "whose algorithm is not supported: only 'sha256' is"
        : "not 'sha256:' and 64 lower-case hexadecimal digits"
}
