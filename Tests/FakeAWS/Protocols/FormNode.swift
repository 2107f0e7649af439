/// The parameters of the query protocols as the tree that their dotted names mean.
struct FormNode: Sendable {
    var value: String?
    var children: [String: FormNode] = [:]

    init() {}

    /// Reads `application/x-www-form-urlencoded`; nil where a name is there twice or is none.
    init?(form body: [UInt8]) {
        for member in body.split(separator: UInt8(ascii: "&")) {
            let pair = member.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = pair.first.flatMap({ Self.decoded($0) }), !name.isEmpty,
                let value = Self.decoded(pair.count > 1 ? pair[1] : []),
                set(name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)[...], value)
            else { return nil }
        }
    }

    private mutating func set(_ names: ArraySlice<String>, _ value: String) -> Bool {
        guard let name = names.first else {
            if self.value != nil { return false }
            self.value = value
            return true
        }
        if name.isEmpty { return false }
        return children[name, default: FormNode()].set(names.dropFirst(), value)
    }

    private static func decoded(_ text: ArraySlice<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
