/// A document as clients write it: elements and text; no comments, CDATA, processing instructions after the first line.
struct XMLDocument {
    var name: String
    var text = ""
    var children: [XMLDocument] = []

    /// Nil where it is none.
    init?(_ bytes: [UInt8]) {
        var rest = String(decoding: bytes, as: UTF8.self)[...]
        if rest.hasPrefix("<?xml"), let end = rest.firstRange(of: "?>") { rest = rest[end.upperBound...] }
        rest = rest.drop(while: \.isWhitespace)
        guard let root = Self.element(&rest, depth: 0), rest.allSatisfy(\.isWhitespace) else { return nil }
        self = root
    }

    private init(name: String) { self.name = name }

    func children(_ name: String) -> [XMLDocument] { children.filter { $0.name == name } }

    private static func element(_ rest: inout Substring, depth: Int) -> XMLDocument? {
        guard depth < 16, rest.first == "<", let end = rest.firstIndex(of: ">") else { return nil }
        let tag = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        // Attributes say nothing but the namespace.
        guard let name = tag.split(whereSeparator: { $0.isWhitespace || $0 == "/" }).first.map(String.init) else {
            return nil
        }
        var element = XMLDocument(name: name)
        if tag.hasSuffix("/") { return element }
        let close = "</\(name)>"
        while !rest.hasPrefix(close) {
            if rest.first == "<" {
                guard let child = Self.element(&rest, depth: depth + 1) else { return nil }
                element.children.append(child)
            } else {
                guard let next = rest.firstIndex(of: "<"), let text = decoded(rest[..<next]) else { return nil }
                element.text += text
                rest = rest[next...]
            }
        }
        rest = rest.dropFirst(close.count)
        return element
    }

    private static func decoded(_ text: Substring) -> String? {
        let named: [Substring: Character] = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
        var result = ""
        var rest = text
        while let character = rest.popFirst() {
            guard character == "&" else {
                result.append(character)
                continue
            }
            guard let end = rest.firstIndex(of: ";") else { return nil }
            let name = rest[..<end]
            rest = rest[rest.index(after: end)...]
            if let character = named[name] {
                result.append(character)
            } else {
                let isHexadecimal = name.hasPrefix("#x")
                let number = UInt32(name.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10)
                guard name.hasPrefix("#"), let scalar = number.flatMap(Unicode.Scalar.init) else { return nil }
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
