import SystemIO

/// Who the names in an archive's access control lists are: what `etc/passwd` and `etc/group` of the same archive say.
///
/// They are looked for when a name is first asked for, in a second run through the archive; one that comes from a pipe has
/// no second run, and no accounts. Of two files with one name the later one counts, as it does when a tar is unpacked.
final class ArchiveAccounts {
    private static let (passwd, group): (EntryPath, EntryPath) = ("etc/passwd", "etc/group")
    /// More than any real file has.
    private static let limit = 4 << 20

    private let file: Descriptor
    private let name: String
    private let formats: Set<TarReader.Format>
    private let limits: ArchiveLimits
    /// By the path of the file that has them.
    private var numbers: [EntryPath: [[UInt8]: UInt32]]?
    /// Whether the archive comes from a pipe; known once a name was asked for.
    private(set) var isUnreadable = false

    init(_ file: Descriptor, name: String, formats: Set<TarReader.Format>, limits: ArchiveLimits) {
        self.file = file
        self.name = name
        self.formats = formats
        self.limits = limits
    }

    /// The number of a user, or of a group; nil where the archive does not say.
    func number(of account: [UInt8], isGroup: Bool) throws(LayerError) -> UInt32? {
        let known: [EntryPath: [[UInt8]: UInt32]]
        if let numbers { known = numbers } else { known = try search() }
        numbers = known
        return known[isGroup ? Self.group : Self.passwd]?[account]
    }

    private func search() throws(LayerError) -> [EntryPath: [[UInt8]: UInt32]] {
        let (file, name) = (file, name)
        let status = try wrappingSystemError(name) { () throws(SystemError) in try file.status() }
        isUnreadable = status.kind != .regular
        if isUnreadable { return [:] }
        var reader = try TarReader.open(
            file,
            name: name,
            formats: formats,
            limits: limits,
            requiresEndMark: false,
            accounts: nil
        )
        var found: [EntryPath: [[UInt8]: UInt32]] = [:]
        while let entry = try reader.next() {
            guard entry.kind == .regular, entry.path == Self.passwd || entry.path == Self.group else { continue }
            found[entry.path] = Self.numbers(try reader.readAll(limit: Self.limit))
        }
        return found
    }

    /// The third field of each line by its first; of two lines with one name the first counts, as for getpwnam(3).
    private static func numbers(_ text: [UInt8]) -> [[UInt8]: UInt32] {
        var result: [[UInt8]: UInt32] = [:]
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard fields.count > 2, let number = UInt32(String(decoding: fields[2], as: UTF8.self)), number < .max
            else { continue }
            if result[Array(fields[0])] == nil { result[Array(fields[0])] = number }
        }
        return result
    }
}
