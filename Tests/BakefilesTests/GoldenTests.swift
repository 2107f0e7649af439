import Bakefiles
import Diagnostics
import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// One folder of `Expected`: a Bakefile, what goes with it, and what is reported.
struct GoldenCase: Sendable, CustomStringConvertible {
    static let root = FilePath(#filePath).removingLastComponent().appending("Expected")

    /// Every case, by name.
    static let all: [GoldenCase] = ((try? Files.names(in: root)) ?? []).map { GoldenCase(name: $0.string) }

    /// The identifier, and after a dot what is particular.
    let name: String

    var description: String { name }
    var identifier: String { String(name.prefix { $0 != "." }) }
    var folder: FilePath { GoldenCase.root.appending(name) }
    var expectedFile: FilePath { folder.appending("expected.txt") }

    func text(of file: String) throws -> String? {
        let path = folder.appending(file)
        return Files.exists(path) ? String(decoding: try Files.read(path), as: UTF8.self) : nil
    }

    /// What is reported: a diagnostic a paragraph.
    func report() throws -> String {
        let settings = try (text(of: "settings") ?? "").split(separator: "\n").map { line in
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            return (parts[0], parts[1])
        }
        let result = BakefileReader.read(
            file: nil,
            variablesFile: Files.exists(folder.appending("variables.yaml")) ? "variables.yaml" : nil,
            settings: Dictionary(uniqueKeysWithValues: settings),
            environment: [:],
            currentFolder: folder
        )
        #expect((result.bakefile == nil) == result.diagnostics.hasErrors)
        return result.diagnostics.inFileOrder.map { "\($0)\n" }.joined()
    }
}

@Suite struct `What is reported` {
    @Test(arguments: GoldenCase.all)
    func `is the expected text`(_ golden: GoldenCase) throws {
        let report = try golden.report()
        if getenv("OVENBIRD_RECORD") != nil {
            try AtomicFile.write(Array(report.utf8), to: golden.expectedFile)
        }
        #expect(report == (try golden.text(of: "expected.txt")))
    }

    @Test func `covers every identifier`() throws {
        for identifier in DiagnosticIdentifier.allBakefileIdentifiers {
            let golden = GoldenCase(name: identifier.description)
            let expected = try golden.text(of: "expected.txt")
            #expect(expected?.contains("[\(identifier)]") == true, "no case shows '\(identifier)'")
        }
    }

    @Test func `holds ten mistakes of ten kinds in the order of the file`() throws {
        let expected = try #require(try GoldenCase(name: "ten-mistakes").text(of: "expected.txt"))
        let errors = expected.split(separator: "\n").filter { $0.hasPrefix("Bakefile:") }
        let lines = errors.compactMap { $0.split(separator: ":").dropFirst().first.flatMap { Int($0) } }
        let identifiers = Set(errors.compactMap { $0.split(separator: "[").last })
        #expect(errors.count >= 10)
        #expect(identifiers.count >= 10)
        #expect(lines == lines.sorted())
    }
}
