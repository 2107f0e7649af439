/// An installed Debian package.
struct DebianPackage: Hashable {
    let name: String
    /// nil where the database does not say.
    let version: String?
    let architecture: String?
    /// The source package that it was built from, with its version.
    let source: String
    let sourceVersion: String?
    /// `Name <address>`, as the package has it.
    let maintainer: String?

    /// What is one package in a database.
    var key: String { "\(name):\(architecture ?? "")" }
}

extension DebianPackage {
    /// The fields that are read.
    static let fields: Set<String> = ["package", "status", "version", "architecture", "source", "maintainer"]

    /// Reads a paragraph; nil for one that is no installed package.
    ///
    /// `isOwnFile` is true for a file below `status.d`, where a package without a status is installed: that is how
    /// images without dpkg have it.
    init?(_ paragraph: ControlFile.Paragraph, isOwnFile: Bool, _ problems: inout Problems) {
        if let status = paragraph["status"] {
            guard status.split(separator: " ").last == "installed" else { return nil }
        } else if !isOwnFile {
            problems.add("the package at line \(paragraph.line) has no status")
            return nil
        }
        guard let name = paragraph["package"], Self.isName(name) else {
            problems.add("the package at line \(paragraph.line) has no name that a package can have")
            return nil
        }
        if paragraph["version"]?.isEmpty ?? true { problems.add("package '\(name)' has no version") }
        self.init(name: name, paragraph)
    }

    private init(name: String, _ paragraph: ControlFile.Paragraph) {
        func text(_ field: String) -> String? { paragraph[field].flatMap { $0.isEmpty ? nil : $0 } }
        let version = text("version")
        // `glibc`, or `glibc (2.36-9)` where the versions differ.
        let words = (text("source") ?? name).split(separator: " ", maxSplits: 1).map(String.init)
        let stated = words.count > 1 && words[1].hasPrefix("(") && words[1].hasSuffix(")")
        self.name = name
        self.version = version
        self.architecture = text("architecture").flatMap { Self.isName($0) ? $0 : nil }
        self.source = words.first ?? name
        self.sourceVersion = stated ? String(words[1].dropFirst().dropLast()) : version
        self.maintainer = text("maintainer")
    }

    /// Debian Policy 5.6.7, and upper-case letters, which dpkg takes too.
    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first), text.utf8.count <= 255 else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "+-.".utf8.contains($0) }
    }
}

func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: false
    }
}
