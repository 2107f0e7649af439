/// An absolute `http` or `https` address without user information and without a fragment.
///
/// Only what RFC 3986 allows in an address is held, so that no two readers of the text find different hosts in it.
package struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    package enum Scheme: String, Sendable, Hashable {
        case http
        case https

        package var port: Int { self == .http ? 80 : 443 }
    }

    package let scheme: Scheme
    /// Lower case; an IPv6 address in brackets.
    package let host: String
    package let port: Int
    /// Begins with `/`.
    package let path: String
    /// What follows `?`, or nil.
    package let query: String?

    package init?(scheme: Scheme, host: String, port: Int?, path: String, query: String? = nil) {
        let host = host.lowercased()
        guard isHost(host), path.hasPrefix("/"), path.utf8.allSatisfy(isPathByte),
            query?.utf8.allSatisfy(isQueryByte) ?? true, port.map({ (1...65_535).contains($0) }) ?? true
        else { return nil }
        self.scheme = scheme
        self.host = host
        self.port = port ?? scheme.port
        self.path = path
        self.query = query
    }

    /// Reads an absolute address; a fragment is cut off, user information is refused.
    package init?(_ text: String) {
        guard let scheme = Scheme.allCases.first(where: { text.lowercased().hasPrefix("\($0.rawValue)://") }) else {
            return nil
        }
        let rest = text.dropFirst(scheme.rawValue.count + 3)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        guard let (host, port) = splitAuthority(rest[..<end]) else { return nil }
        let (path, query) = splitTarget(rest[end...])
        self.init(scheme: scheme, host: host, port: port, path: path.hasPrefix("/") ? path : "/" + path, query: query)
    }

    /// Where a `Location` leads from here: an absolute address, one without a scheme, or one without a host.
    ///
    /// Source: RFC 3986 section 5.2.
    package func following(_ location: String) -> WebAddress? {
        if let absolute = WebAddress(location) { return absolute }
        if location.hasPrefix("//") { return WebAddress("\(scheme.rawValue):\(location)") }
        // Any other scheme.
        if let colon = location.firstIndex(of: ":"), !location[..<colon].contains(where: { "/?#".contains($0) }) {
            return nil
        }
        var (path, query) = splitTarget(Substring(location))
        if path.isEmpty {
            path = self.path
            query = query ?? self.query
        } else if !path.hasPrefix("/") {
            path = self.path[...(self.path.lastIndex(of: "/") ?? self.path.startIndex)] + path
        }
        return WebAddress(scheme: scheme, host: host, port: port, path: withoutDots(path), query: query)
    }

    /// The address with one more member in its query.
    package func adding(query name: String, _ value: String) -> WebAddress {
        let member = "\(name)=\(percentEncoded(value))"
        let query = self.query.map { $0.isEmpty ? member : "\($0)&\(member)" } ?? member
        return WebAddress(scheme: scheme, host: host, port: port, path: path, query: query) ?? self
    }

    /// Whether both have one scheme, host and port: what is secret may be sent to one as to the other.
    package func hasSameOrigin(as other: WebAddress) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }

    /// Host, and port where it is not the scheme's own.
    package var authority: String { port == scheme.port ? host : "\(host):\(port)" }

    package var text: String { "\(scheme.rawValue)://\(authority)\(path)" + (query.map { "?\($0)" } ?? "") }

    /// For messages: a query may be a signature, so it is not shown.
    package var description: String {
        "\(scheme.rawValue)://\(authority)\(path)" + (query == nil ? "" : "?...")
    }
}

extension WebAddress.Scheme: CaseIterable {}

/// The text with all but RFC 3986's unreserved characters as `%XX`.
package func percentEncoded(_ text: String) -> String {
    if text.utf8.allSatisfy(isUnreserved) { return text }
    let digits = Array("0123456789ABCDEF")
    var result = ""
    for byte in text.utf8 {
        if isUnreserved(byte) {
            result.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }
    }
    return result
}

/// `host`, `host:port`, `[::1]:port`.
private func splitAuthority(_ text: Substring) -> (host: String, port: Int?)? {
    guard !text.contains("@") else { return nil }
    guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else { return (String(text), nil) }
    let digits = text[text.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy(isDigit), let port = Int(digits) else { return nil }
    return (String(text[..<colon]), port)
}

private func splitTarget(_ text: Substring) -> (path: String, query: String?) {
    let target = text.prefix { $0 != "#" }
    guard let mark = target.firstIndex(of: "?") else { return (String(target), nil) }
    return (String(target[..<mark]), String(target[target.index(after: mark)...]))
}

/// RFC 3986 section 5.2.4.
private func withoutDots(_ path: String) -> String {
    var kept: [Substring] = []
    let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    for segment in segments {
        switch segment {
        case ".": break
        case "..": _ = kept.popLast()
        default: kept.append(segment)
        }
    }
    if let last = segments.last, last == "." || last == ".." { kept.append("") }
    return "/" + kept.joined(separator: "/")
}

private func isHost(_ host: String) -> Bool {
    if host.hasPrefix("["), host.hasSuffix("]") {
        let address = host.dropFirst().dropLast().utf8
        return !address.isEmpty
            && address.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) || $0 == 0x3A || $0 == 0x2E }
    }
    return !host.isEmpty && !host.hasPrefix(".") && !host.hasPrefix("-")
        && host.utf8.allSatisfy { isDigit($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

private func isUnreserved(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x7E
}

/// RFC 3986: `pchar` and `/`, with `%`.
private func isPathByte(_ byte: UInt8) -> Bool {
    isUnreserved(byte) || "!$&'()*+,;=:@/%".utf8.contains(byte)
}

private func isQueryByte(_ byte: UInt8) -> Bool { isPathByte(byte) || byte == 0x3F }
