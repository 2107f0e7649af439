import Layers

/// What a systemd unit says of how it is enabled, and where it is.
///
/// Source: systemd.unit(5), "Unit File Load Path" and "[Install] Section Options".
struct UnitFile {
    let name: String
    /// Absolute.
    let path: String
    private let install: [String: [String]]

    /// Where enabling writes to; what is there comes before all others.
    static let configuration = "/etc/systemd/system"
    /// What a unit is wanted by says so in the name of a folder.
    static let relations = [("WantedBy", "wants"), ("RequiredBy", "requires"), ("UpheldBy", "upholds")]

    /// Whether a folder of the configuration has such a name: `multi-user.target.wants`.
    static func isRelation(_ folder: some Collection<UInt8>) -> Bool {
        let suffix = String(decoding: folder, as: UTF8.self).split(separator: ".").last.map(String.init)
        return relations.contains { $0.1 == suffix }
    }

    /// Where units are, first found first taken.
    private static let folders = [
        configuration, "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
    ]

    /// Where a unit, or the template that it is an instance of, may be, the first that counts first.
    static func places(of name: String) throws -> [EntryPath] {
        try [name, template(of: name)].compactMap { $0 }.flatMap { file in
            try folders.map { try EntryPath("\($0)/\(file)") }
        }
    }

    /// Finds a unit, or the template that it is an instance of; nil where the image has none.
    init?(_ name: String, in root: ImageRoot) throws {
        let wanted = [name, Self.template(of: name)].compactMap { $0 }
        for file in wanted {
            for folder in Self.folders {
                let path = "\(folder)/\(file)"
                let place = try root.tree.resolve(try EntryPath(path), followFinal: false)
                guard let entry = root.tree.entry(at: place) else { continue }
                if entry.kind == .symlink { try Self.refuse(entry, name) }
                guard let bytes = try root.contents(of: path, limit: 1 << 20) else { continue }
                self.name = name
                self.path = path
                install = Self.install(in: String(decoding: bytes, as: UTF8.self))
                return
            }
        }
        return nil
    }

    /// A unit that is a symlink is masked, or has another name.
    private static func refuse(_ entry: TarEntry, _ name: String) throws {
        let target = String(decoding: entry.linkTarget, as: UTF8.self)
        if target == "/dev/null" {
            throw StepError("the unit '\(name)' is masked", fix: "delete '/\(entry.path)' first")
        }
        let other = target.split(separator: "/").last.map(String.init) ?? target
        if other != name {
            throw StepError("the unit '\(name)' is another name of '\(other)'", fix: "write '\(other)'")
        }
    }

    /// `a@.service` of `a@b.service`.
    static func template(of name: String) -> String? {
        guard let at = name.firstIndex(of: "@"), let dot = name.lastIndex(of: "."), at < dot,
            name.index(after: at) < dot
        else { return nil }
        return String(name[...at] + name[dot...])
    }

    private var isTemplate: Bool { name.contains("@.") }

    /// The unit itself, or the instance that its template is enabled as.
    func enabledName() throws -> String {
        guard isTemplate else { return name }
        guard let instance = install["DefaultInstance"]?.last else {
            throw StepError("'\(name)' is a template", fix: "name an instance of it, as in 'NAME@INSTANCE.service'")
        }
        return name.replacing("@.", with: "@\(instance).")
    }

    /// The folders of other units that get a symlink, by what they mean.
    func wanted(by relation: String) throws -> [String] { try expanded(install[relation] ?? []) }

    var aliases: [String] { get throws { try expanded(install["Alias"] ?? []) } }

    /// Units that are enabled and disabled along.
    var companions: [String] { get throws { try expanded(install["Also"] ?? []) } }

    var hasInstallation: Bool { !install.isEmpty }

    /// Replaces `%i`, `%p` and `%n`; others mean what is known on the machine alone.
    private func expanded(_ values: [String]) throws -> [String] {
        let name = try enabledName()
        let stem = name.prefix { $0 != "@" }
        let instance = name.dropFirst(stem.count + 1).prefix { $0 != "." }
        return try values.map { value in
            let text = value.replacing("%i", with: instance).replacing("%p", with: stem).replacing("%n", with: name)
            guard !text.contains("%") else {
                throw StepError(
                    "the unit '\(name)' is enabled by '\(value)', which is known on the machine alone",
                    fix: "enable it with run: systemctl enable \(name)"
                )
            }
            return text
        }
    }

    /// The assignments of the section: lists add up, and an empty one begins anew.
    private static func install(in text: String) -> [String: [String]] {
        var section = ""
        var values: [String: [String]] = [:]
        // A backslash at the end of a line goes on with the next one.
        for line in text.replacing("\\\n", with: " ").split(whereSeparator: \.isNewline) {
            let line = line.trimmed
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("[") {
                section = String(line)
            } else if section == "[Install]", let equals = line.firstIndex(of: "=") {
                let key = String(line[..<equals].trimmed)
                let words = line[line.index(after: equals)...].split { $0 == " " || $0 == "\t" }.map(String.init)
                values[key] = words.isEmpty ? [] : (values[key] ?? []) + words
            }
        }
        return values.filter { !$0.value.isEmpty }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
