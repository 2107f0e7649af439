import OCI
import SystemIO

/// Members of one object of a release document, each asked for by type.
///
/// A release is written by ovenbird alone, so everything in it is known: another member is an error like a missing one.
struct ReleaseReader {
    /// Why a document is no release: the place in it, and what is wrong there.
    struct Failure: Error {
        let description: String
    }

    /// Empty, or `images.web.`.
    private let place: String
    private let members: [String: JSONValue]

    /// `keys` are the members that the object may have; nil for an object whose keys are names.
    init(_ value: JSONValue, at place: String, keys: [String]?) throws(Failure) {
        guard let members = value.objectValue else {
            throw Failure(description: "\(place.isEmpty ? "the document" : "'\(place)'") is not an object")
        }
        self.place = place.isEmpty ? "" : "\(place)."
        self.members = members
        guard let keys else { return }
        for key in names where !keys.contains(key) {
            throw Failure(description: "'\(self.place)\(key)' is not a member of a release")
        }
    }

    /// The keys of the object, sorted.
    var names: [String] { members.keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) } }

    func failure(_ key: String, _ reason: String) -> Failure { Failure(description: "'\(place)\(key)' \(reason)") }

    private func value(_ key: String) throws(Failure) -> JSONValue {
        guard let value = members[key] else { throw failure(key, "is missing") }
        return value
    }

    private func ifPresent<Value>(
        _ key: String,
        _ read: (String) throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        members[key] == nil ? nil : try read(key)
    }
}

extension ReleaseReader {
    func text(_ key: String) throws(Failure) -> String {
        guard let text = try value(key).stringValue else { throw failure(key, "is not a string") }
        return text
    }

    func optionalText(_ key: String) throws(Failure) -> String? {
        try ifPresent(key) { (key) throws(Failure) in try text(key) }
    }

    func integer(_ key: String, atLeast minimum: Int64, atMost maximum: Int64 = .max) throws(Failure) -> Int64 {
        guard let integer = try value(key).integerValue, integer >= minimum else {
            throw failure(key, "is not a whole number of at least \(minimum)")
        }
        guard integer <= maximum else { throw failure(key, "is more than \(maximum)") }
        return integer
    }

    func bool(_ key: String) throws(Failure) -> Bool {
        guard let bool = try value(key).boolValue else { throw failure(key, "is not true or false") }
        return bool
    }

    func digest(_ key: String) throws(Failure) -> Digest {
        guard let digest = Digest(try text(key)) else { throw failure(key, "is not a sha256 digest") }
        return digest
    }

    /// A version: what an OCI tag may be.
    func version(_ key: String) throws(Failure) -> String {
        let version = try text(key)
        guard Reference.mistake(inTag: version) == nil else { throw failure(key, "is not a version") }
        return version
    }

    func optionalDigest(_ key: String) throws(Failure) -> Digest? {
        try ifPresent(key) { (key) throws(Failure) in try digest(key) }
    }

    func time(_ key: String) throws(Failure) -> Int64 {
        let text = try text(key)
        guard let seconds = Timestamp.seconds(text), Timestamp.text(seconds: seconds) == text else {
            throw failure(key, "is not a time in UTC such as 2026-01-31T13:05:09Z")
        }
        return seconds
    }

    func optionalTime(_ key: String) throws(Failure) -> Int64? {
        try ifPresent(key) { (key) throws(Failure) in try time(key) }
    }

    func texts(_ key: String) throws(Failure) -> [String] {
        guard let values = try value(key).arrayValue else { throw failure(key, "is not a list") }
        var texts: [String] = []
        for (position, value) in values.enumerated() {
            guard let text = value.stringValue else { throw failure("\(key)[\(position)]", "is not a string") }
            texts.append(text)
        }
        return texts
    }

    func object(_ key: String, keys: [String]?) throws(Failure) -> ReleaseReader {
        try ReleaseReader(try value(key), at: "\(place)\(key)", keys: keys)
    }

    func optionalObject(_ key: String, keys: [String]?) throws(Failure) -> ReleaseReader? {
        try ifPresent(key) { (key) throws(Failure) in try object(key, keys: keys) }
    }

    func objects(_ key: String, keys: [String]) throws(Failure) -> [ReleaseReader] {
        guard let values = try value(key).arrayValue else { throw failure(key, "is not a list") }
        var objects: [ReleaseReader] = []
        for (position, value) in values.enumerated() {
            objects.append(try ReleaseReader(value, at: "\(place)\(key)[\(position)]", keys: keys))
        }
        return objects
    }

    /// Empty where the member is missing.
    func optionalObjects(_ key: String, keys: [String]) throws(Failure) -> [ReleaseReader] {
        has(key) ? try objects(key, keys: keys) : []
    }

    func has(_ key: String) -> Bool { members[key] != nil }
}
