package import SystemIO

/// A binary package of Debian's kind, by what it is and where it was.
package struct BinaryPackage: Sendable, Hashable {
    package var name: String
    package var version: String
    /// As Debian writes it: `amd64`, `all`.
    package var architecture: String
    /// Bytes of the file.
    package var size: Int64
    /// SHA-256 of the file.
    package var digest: Digest
    /// Without a user's name or password.
    package var uri: String
    /// What the archive says of its priority; nil leaves it to the package.
    package var priority: String?

    package init(
        name: String,
        version: String,
        architecture: String,
        size: Int64,
        digest: Digest,
        uri: String,
        priority: String? = nil
    ) {
        self.name = name
        self.version = version
        self.architecture = architecture
        self.size = size
        self.digest = digest
        self.uri = uri
        self.priority = priority
    }
}

/// A line of `apt-get --print-uris`: `'URI' NAME_VERSION_ARCHITECTURE.deb SIZE SUM`.
struct PrintedURI {
    let uri: String
    /// As apt calls the file among its archives.
    let fileName: String
    let name: String
    let version: String
    let architecture: String
    /// nil where the index has another kind of sum.
    let digest: Digest?

    /// nil for a line of another kind, and for a file that the step brings itself.
    init?(_ line: Substring) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count >= 3, words[0].hasPrefix("'"), words[0].hasSuffix("'"), words[1].hasSuffix(".deb") else {
            return nil
        }
        let uri = String(words[0].dropFirst().dropLast())
        let parts = words[1].dropLast(4).split(separator: "_", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, !uri.hasPrefix("file:\(PackagesPlan.place)/") else { return nil }
        self.uri = Self.withoutUser(uri)
        fileName = words[1]
        name = parts[0]
        version = parts[1].replacing("%3a", with: ":")
        architecture = parts[2]
        digest = words.count > 3 && words[3].hasPrefix("SHA256:") ? Digest(hex: String(words[3].dropFirst(7))) : nil
    }

    /// `http://user:password@host/` names somebody's secret.
    private static func withoutUser(_ uri: String) -> String {
        guard let start = uri.firstRange(of: "://")?.upperBound else { return uri }
        let host = uri[start...].prefix { $0 != "/" }
        guard let at = host.lastIndex(of: "@") else { return uri }
        return String(uri[..<start] + uri[uri.index(after: at)...])
    }
}

/// Why packages that were resolved earlier cannot be had now.
package enum PinnedPackagesError: Error, Hashable, CustomStringConvertible {
    /// Neither in the cache nor where they were, and where they were looked for.
    case unavailable([BinaryPackage])
    /// apt needs others too: the root is not the one that they were resolved for.
    case insufficient

    package var description: String {
        switch self {
        case .unavailable(let packages):
            let named = packages.prefix(5).map { package in
                "'\(package.name)' \(package.version) (\(package.architecture)) from '\(package.uri)'"
            }
            let more = packages.count > 5 ? " and \(packages.count - 5) more" : ""
            return "neither in the package cache nor at its mirror any more: \(named.joined(separator: ", "))\(more)"
        case .insufficient: return "the packages that were resolved do not suffice for this root"
        }
    }
}
