import SystemIO
import SystemPackage
import Testing

/// Sources and tests as texts: what holds for all identifiers of diagnostics.
@Suite("Every diagnostic identifier")
struct DiagnosticsPageTests {
    private let root: FilePath
    /// Identifier to the file that declares it.
    private let declared: [String: String]

    init() throws {
        // Tests/CommandsTests/<this file>
        root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        var declared: [String: String] = [:]
        for file in try files(below: root.appending("Sources")) where file.extension == "swift" {
            for identifier in identifiers(in: try text(file)) { declared[identifier] = file.string }
        }
        self.declared = declared
    }

    @Test func `is in the catalogue, and the catalogue has no others`() throws {
        let page = try text(root.appending("Sources/ovenbird/Ovenbird.docc/Diagnostics.md"))
        let documented = page.split(separator: "\n").compactMap { line -> String? in
            guard line.hasPrefix("| `"), let end = line.dropFirst(3).firstIndex(of: "`") else { return nil }
            return String(line[line.index(line.startIndex, offsetBy: 3)..<end])
        }
        #expect(documented.count > 50)
        #expect(Set(documented).count == documented.count, "each stands there once")
        #expect(declared.keys.filter { !documented.contains($0) }.sorted() == [], "add these to Diagnostics.md")
        #expect(documented.filter { declared[$0] == nil }.sorted() == [], "remove these from Diagnostics.md")
    }

    @Test func `has a golden test that reads it in brackets`() throws {
        let tests = try files(below: root.appending("Tests")).map { file in
            file.extension == "swift" ? withoutComments(try text(file)) : try text(file)
        }.joined()
        #expect(declared.keys.filter { !tests.contains("[\($0)]") }.sorted() == [], "no test reads these")
    }
}

/// The identifiers that a file declares: texts of static members in extensions of `DiagnosticIdentifier`.
private func identifiers(in text: String) -> [String] {
    var isInside = false
    return text.split(separator: "\n").compactMap { line in
        if line.hasPrefix("extension DiagnosticIdentifier") { isInside = true }
        if line.hasPrefix("}") { isInside = false }
        guard isInside, line.contains("static let"), line.hasSuffix("\"") else { return nil }
        return line.dropLast().lastIndex(of: "\"").map { String(line[line.index(after: $0)...].dropLast()) }
    }
}

/// Swift without its line comments: only what is in expected texts and string literals is held against anything.
private func withoutComments(_ source: String) -> String {
    source.split(separator: "\n").map { line in
        for start in line.ranges(of: "//") {
            let before = line[..<start.lowerBound]
            // Within a literal, and in an address, two slashes begin no comment.
            if before.count(where: { $0 == "\"" }).isMultiple(of: 2), before.last != ":" { return before }
        }
        return line
    }.joined(separator: "\n")
}

private func text(_ file: FilePath) throws -> String { String(decoding: try Files.read(file), as: UTF8.self) }

private func files(below folder: FilePath) throws -> [FilePath] {
    try Files.names(in: folder).flatMap { name -> [FilePath] in
        let path = folder.appending(name)
        return try FileStatus.ofExisting(path)?.kind == .directory ? try files(below: path) : [path]
    }
}
