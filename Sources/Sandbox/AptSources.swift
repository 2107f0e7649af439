import SystemIO
package import SystemPackage

/// Where apt takes packages from: the entries of sources.list(5), in both of its forms.
package struct AptSources: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package var uri: String
        package var suite: String
        package var components: [String]
        /// Path of a key file; nil where none is named.
        package var signedBy: String?

        package init(uri: String, suite: String, components: [String], signedBy: String? = nil) {
            self.uri = uri
            self.suite = suite
            self.components = components
            self.signedBy = signedBy
        }

        /// As one line.
        package var line: String {
            let options = signedBy.map { "[signed-by=\"\($0)\"] " } ?? ""
            return "deb \(options)\(uri) \(suite) \(components.joined(separator: " "))"
        }
    }

    package var entries: [Entry]

    package init(entries: [Entry]) { self.entries = entries }

    /// Of one-line texts (`deb [signed-by=FILE] URI SUITE COMPONENT...`); source packages are left out.
    package init(lines text: String) {
        entries = text.split(whereSeparator: \.isNewline).compactMap { line in
            let text = line.prefix { $0 != "#" }
            var words = text.split(whereSeparator: \.isWhitespace).map(String.init)
            guard words.first == "deb" else { return nil }
            words.removeFirst()
            var signedBy: String?
            if words.first?.hasPrefix("[") == true, let end = words.firstIndex(where: { $0.hasSuffix("]") }) {
                let options = words[...end].joined(separator: " ").dropFirst().dropLast()
                for option in options.split(separator: " ") where option.hasPrefix("signed-by=") {
                    signedBy = option.dropFirst(10).filter { $0 != "\"" }
                }
                words.removeSubrange(...end)
            }
            guard words.count >= 2 else { return nil }
            return Entry(uri: words[0], suite: words[1], components: Array(words.dropFirst(2)), signedBy: signedBy)
        }
    }

    /// Of stanzas with fields (deb822-style); a stanza with a key in its text has no key file.
    package init(stanzas text: String) {
        entries = []
        var fields: [String: [String]] = [:]
        var field = ""
        let lines: [Substring] = text.split(separator: "\n", omittingEmptySubsequences: false) + [""]
        for line in lines {
            if line.hasPrefix("#") { continue }
            if line.allSatisfy(\.isWhitespace) {
                entries += Self.entries(of: fields)
                fields = [:]
            } else if line.first?.isWhitespace == true {
                fields[field, default: []] += line.split(whereSeparator: \.isWhitespace).map(String.init)
            } else if let colon = line.firstIndex(of: ":") {
                field = line[..<colon].lowercased()
                fields[field] = line[line.index(after: colon)...].split(whereSeparator: \.isWhitespace).map(String.init)
            }
        }
    }

    private static func entries(of fields: [String: [String]]) -> [Entry] {
        guard fields["types"]?.contains("deb") == true, fields["enabled"]?.first?.lowercased() != "no" else {
            return []
        }
        let key = fields["signed-by"].flatMap { $0.count == 1 && $0[0].isAbsolutePath ? $0[0] : nil }
        return (fields["uris"] ?? []).flatMap { uri in
            (fields["suites"] ?? []).map { suite in
                Entry(uri: uri, suite: suite, components: fields["components"] ?? [], signedBy: key)
            }
        }
    }

    /// Of a file by its name: `.sources` holds stanzas.
    init(file name: String, text: String) {
        self = name.hasSuffix(".sources") ? AptSources(stanzas: text) : AptSources(lines: text)
    }
}

extension AptSources {
    /// The suites that belong to a release and have no name of their own.
    private static let companions = ["", "-updates", "-security"]
    /// Releases that change all the time have no companions.
    private static let rolling: Set<String> = ["sid", "unstable", "experimental", "testing"]
    private static let limit = 1 << 20

    /// The host's entries; files that cannot be read count as absent.
    package static func ofHost(root: FilePath = "/") -> AptSources {
        let folder = root.appending("etc/apt")
        let parts = folder.appending("sources.list.d")
        let names = ((try? Files.names(in: parts)) ?? []).map(\.string)
            .filter { $0.hasSuffix(".list") || $0.hasSuffix(".sources") }
        let files = [folder.appending("sources.list")] + names.map { parts.appending($0) }
        return AptSources(
            entries: files.flatMap { file -> [Entry] in
                guard let bytes = try? Files.read(file, limit: limit) else { return [] }
                return AptSources(file: file.string, text: String(decoding: bytes, as: UTF8.self)).entries
            }
        )
    }

    /// The host's release, `bookworm`; nil where it has none.
    package static func hostCodename(root: FilePath = "/") -> String? {
        guard let bytes = try? Files.read(root.appending("etc/os-release"), limit: limit) else { return nil }
        return codename(ofRelease: String(decoding: bytes, as: UTF8.self))
    }

    /// `VERSION_CODENAME` of an os-release(5) text.
    static func codename(ofRelease text: String) -> String? {
        text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("VERSION_CODENAME=") }
            .map { $0.dropFirst(17).filter { $0 != "\"" && $0 != "'" } }
            .flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The entries for a Debian release with its updates and security fixes; empty where these sources are no Debian's.
    ///
    /// Another release than the host's is taken from the same mirror. Entries signed with somebody else's key are not
    /// Debian's, although their suites may have the same names.
    package func debian(suite: String, components: [String], host codename: String?) -> [Entry] {
        let companions = Self.rolling.contains(suite) ? [""] : Self.companions
        let own = entries.filter { entry in
            guard let key = entry.signedBy.flatMap({ FilePath($0).lastComponent?.string }) else { return true }
            return key.hasPrefix("debian-archive-")
        }
        for release in [suite, codename].compactMap(\.self) {
            let found = companions.flatMap { companion in
                own.filter { $0.suite == release + companion && $0.components.contains("main") }.map { entry in
                    Entry(uri: entry.uri, suite: suite + companion, components: components, signedBy: entry.signedBy)
                }
            }
            if found.contains(where: { $0.suite == suite }) {
                return found.enumerated().filter { found.firstIndex(of: $0.element) == $0.offset }.map(\.element)
            }
        }
        return []
    }
}
