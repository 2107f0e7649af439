import HTTPTransport
import Diagnostics
import SystemPackage

/// Reads the lines of a file of profiles.
///
/// Lines that begin with `#` or `;` are comments, and so is what follows a blank and one of these after a value, as the SDKs
/// read it; only in `credential_process` it is the program's. What is indented deeper than a setting continues it, so that
/// nested settings are passed over. What the CLI refuses is refused: a section or a setting that is there twice.
struct ProfileFileReader {
    private(set) var file: ProfileFile
    private var section = Section.none
    /// The setting that an indented line continues.
    private var open: (key: String, indent: Int)?
    private var line = 0

    private enum Section {
        case none
        /// Something else than a profile.
        case other
        case profile(String)
    }

    init(file: ProfileFile) { self.file = file }

    mutating func read(_ bytes: [UInt8]) throws(CredentialError) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
        for piece in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            line += 1
            guard let text = String(validating: piece, as: UTF8.self), !piece.contains(0) else {
                throw mistake(column: 1, "the line is not text in UTF-8")
            }
            try read(line: text)
        }
    }

    private mutating func read(line text: String) throws(CredentialError) {
        let indent = text.prefix { $0 == " " || $0 == "\t" }.count
        let content = text.trimmed
        guard let first = content.first, first != "#", first != ";" else { return }
        if let open, indent > open.indent {
            extend(open.key, by: content)
        } else if first == "[", indent == 0 || !isInOther {
            try readHeader(content, column: indent + 1)
        } else if !isInOther {
            try readSetting(content, indent: indent)
        }
    }

    private var isInOther: Bool { if case .other = section { true } else { false } }

    /// What is indented below a setting without a value are settings of something else.
    private mutating func extend(_ key: String, by content: String) {
        guard case .profile(let name) = section, file.profiles[name]?[key] != nil else { return }
        file.profiles[name]?.settings[key]?.value += "\n" + content
    }

    private mutating func readHeader(_ content: String, column: Int) throws(CredentialError) {
        open = nil
        let inner = content.dropFirst().prefix { $0 != "]" }
        let rest = String(content.dropFirst(inner.count + 2)).trimmed
        guard inner.endIndex < content.endIndex else {
            throw mistake(column: column, "']' is missing after the name of a section")
        }
        guard rest.isEmpty || rest.hasPrefix("#") || rest.hasPrefix(";") else {
            throw mistake(column: column, "something follows the ']' of a section")
        }
        let header = String(inner).trimmed
        guard let (name, isPrefixed) = profile(of: header) else {
            section = .other
            return
        }
        guard isPrefixed == (file.kind == .config) || (name == "default" && !isPrefixed) else {
            file.misnamed[name] = file.misnamed[name] ?? place(column)
            section = .other
            return
        }
        let isSecondDefault = name == "default" && isPrefixed != defaultIsPrefixed
        if let known = file.profiles[name], !isSecondDefault {
            throw mistake(
                column: column,
                "the profile '\(shortened(name))' is there twice",
                why: "it begins at line \(known.place.line) already"
            )
        }
        // Of '[default]' and '[profile default]' the second counts, in whatever order they are.
        if file.profiles[name] != nil, !isPrefixed {
            section = .other
            return
        }
        if name == "default" { defaultIsPrefixed = isPrefixed }
        file.profiles[name] = ProfileSection(name: name, place: place(column))
        section = .profile(name)
    }

    private var defaultIsPrefixed = false

    /// The profile that a header names, and whether it has the prefix `profile`; nil for other sections.
    private func profile(of header: String) -> (name: String, isPrefixed: Bool)? {
        let prefix = header.prefix { $0 != " " && $0 != "\t" }
        switch (prefix, file.kind) {
        case ("profile", _) where prefix.count < header.count:
            guard let words = CommandWords.split(header), words.count == 2, !words[1].isEmpty else { return nil }
            return (words[1], true)
        case ("sso-session", .config), ("services", .config), ("plugins", .config), ("preview", .config), ("", _):
            return nil
        default: return (header, false)
        }
    }

    private mutating func readSetting(_ content: String, indent: Int) throws(CredentialError) {
        let column = indent + 1
        guard case .profile(let name) = section else {
            throw mistake(column: column, "a setting is in no section", why: "no line '[...]' is above it")
        }
        guard let sign = content.firstIndex(of: "=") else {
            throw mistake(column: column, "'=' is missing after the name of a setting")
        }
        let key = String(content[..<sign]).trimmed.lowercased()
        guard !key.isEmpty else { throw mistake(column: column, "the name of a setting is missing before '='") }
        if let known = file.profiles[name]?.settings[key] {
            throw mistake(
                column: column,
                "the setting '\(shortened(key))' of profile '\(shortened(name))' is there twice",
                why: "it is at line \(known.place.line) already"
            )
        }
        let rest = content[content.index(after: sign)...]
        let value = key == "credential_process" ? String(rest).trimmed : withoutComment(rest)
        let setting = ProfileSetting(value: value, place: place(column))
        file.profiles[name]?.settings[key] = setting
        open = (key, indent)
    }

    private func mistake(column: Int, _ what: String, why: String? = nil) -> CredentialError {
        CredentialError(at: place(column), what, why: why)
    }

    private func place(_ column: Int) -> SourcePlace {
        SourcePlace(file: file.path.string, line: line, column: column)
    }
}

/// A value without a comment after it, which begins with a blank and `#` or `;`.
private func withoutComment(_ text: Substring) -> String {
    var isAfterBlank = false
    for index in text.indices {
        let character = text[index]
        if isAfterBlank, character == "#" || character == ";" { return String(text[..<index]).trimmed }
        isAfterBlank = character == " " || character == "\t"
    }
    return String(text).trimmed
}
