package import SystemIO

/// The name of an image in a registry or on an engine: `registry.example.com:5000/team/web:1.4@sha256:...`.
///
/// The grammar is that of the distribution project, where the first component is a registry if it has a dot, a colon or
/// an upper-case letter, or is `localhost`. No registry and no tag is assumed where none is written.
package struct Reference: Hashable, Sendable, CustomStringConvertible {
    /// Host and optional port, or nil.
    package var registry: String?
    package var repository: String
    package var tag: String?
    package var digest: Digest?

    package init(registry: String?, repository: String, tag: String? = nil, digest: Digest? = nil) {
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// Reads a whole reference; the error says which part breaks which rule.
    package init(parsing text: String) throws(ReferenceError) {
        func refuse(_ reason: String) -> ReferenceError { ReferenceError(text: cut(text), reason: reason) }
        guard !text.isEmpty else { throw refuse("it is empty") }
        var rest = Substring(text)
        if let at = rest.firstIndex(of: "@") {
            let digest = String(rest[rest.index(after: at)...])
            guard let parsed = Digest(digest) else {
                throw refuse("its digest is '\(cut(digest))', \(whyNoDigest(digest))")
            }
            self.digest = parsed
            rest = rest[..<at]
        }
        let lastSlash = rest.lastIndex(of: "/")
        if let colon = rest.lastIndex(of: ":"), lastSlash.map({ $0 < colon }) ?? true {
            let tag = String(rest[rest.index(after: colon)...])
            if let reason = Self.mistake(inTag: tag) { throw refuse(reason) }
            self.tag = tag
            rest = rest[..<colon]
        }
        var components = rest.split(separator: "/", omittingEmptySubsequences: false)
        if components.count > 1, let first = components.first, looksLikeRegistry(first) {
            if let reason = registryMistake(first) { throw refuse(reason) }
            self.registry = String(first)
            components.removeFirst()
        }
        for component in components {
            if let reason = componentMistake(component) { throw refuse(reason) }
        }
        guard rest.utf8.count <= 255 else { throw refuse("its name has more than 255 characters") }
        self.repository = components.joined(separator: "/")
    }

    /// Registry and repository, without tag and digest.
    package var name: String { registry.map { "\($0)/\(repository)" } ?? repository }

    package var description: String { name + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "") }

    /// What is wrong with a tag, or nil: 1 to 128 letters, digits, `_`, `.` and `-`, the first a letter, digit or `_`.
    package static func mistake(inTag tag: String) -> String? {
        guard let first = tag.utf8.first else { return "its tag is empty" }
        guard tag.utf8.count <= 128 else { return "its tag has more than 128 characters" }
        guard isWord(first), tag.utf8.allSatisfy({ isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") })
        else {
            return "its tag '\(cut(tag))' has more than letters, digits, '_', '.' and '-', or starts with '.' or '-'"
        }
        return nil
    }
}

/// A text that is no reference, and why.
package struct ReferenceError: Error, Hashable, CustomStringConvertible {
    package let text: String
    /// Follows "because": `its tag is empty`.
    package let reason: String

    package init(text: String, reason: String) {
        self.text = text
        self.reason = reason
    }

    package var description: String { "'\(text)' is not an image reference: \(reason)" }
}

private func looksLikeRegistry(_ component: Substring) -> Bool {
    component == "localhost" || component.contains { $0 == "." || $0 == ":" || $0 == "[" || $0.isUppercase }
}

private func registryMistake(_ text: Substring) -> String? {
    var host = text
    if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
        let port = text[text.index(after: colon)...]
        guard let number = UInt32(port), port.utf8.allSatisfy(isDigit), (1...65_535).contains(number) else {
            return "the port '\(cut(String(port)))' of its registry is not a number from 1 to 65535"
        }
        host = text[..<colon]
    }
    if host.hasPrefix("["), host.hasSuffix("]") {
        let address = host.dropFirst().dropLast()
        let fits = !address.isEmpty && address.utf8.allSatisfy { isHexadecimal($0) || $0 == UInt8(ascii: ":") }
        return fits ? nil : "its registry '\(cut(String(host)))' is not an IPv6 address in brackets"
    }
    for label in host.split(separator: ".", omittingEmptySubsequences: false) {
        let bytes = Array(label.utf8)
        guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last),
            bytes.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") })
        else { return "its registry '\(cut(String(host)))' is not a host name" }
    }
    return nil
}

/// Lower-case letters and digits, joined by one '.', one or two '_', or any number of '-'.
private func componentMistake(_ text: Substring) -> String? {
    let shown = cut(String(text))
    if text.isEmpty { return "its repository has an empty component" }
    if text.contains(where: \.isUppercase) { return "its component '\(shown)' has an upper-case letter" }
    let bytes = Array(text.utf8)
    guard bytes.allSatisfy({ isLowerAlphanumeric($0) || isSeparator($0) }) else {
        return "its component '\(shown)' has more than lower-case letters, digits, '.', '_' and '-'"
    }
    guard let first = bytes.first, let last = bytes.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last) else {
        return "its component '\(shown)' does not start and end with a letter or digit"
    }
    for run in bytes.split(whereSeparator: isLowerAlphanumeric) {
        let kinds = Set(run)
        let dashes = kinds == [UInt8(ascii: "-")]
        let underscores = kinds == [UInt8(ascii: "_")] && run.count <= 2
        guard run.count == 1 || dashes || underscores else {
            return "its component '\(shown)' has '\(String(decoding: run, as: UTF8.self))' between letters or digits"
        }
    }
    return nil
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

private func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
    isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
}

private func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == UInt8(ascii: "_") }

private func isHexadecimal(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
}

private func isSeparator(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
}
