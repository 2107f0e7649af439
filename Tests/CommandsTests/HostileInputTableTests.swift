import SystemIO
import SystemPackage
import Testing

/// The page on hostile input against the tests: every row has one, or says what it waits for.
@Suite("Every row of the page on hostile input")
struct HostileInputTableTests {
    private let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

    private func files(below folder: FilePath) throws -> [FilePath] {
        try Files.names(in: folder).flatMap { name -> [FilePath] in
            let path = folder.appending(name)
            return try FileStatus.ofExisting(path)?.kind == .directory ? try files(below: path) : [path]
        }
    }

    private func text(_ file: FilePath) throws -> String { String(decoding: try Files.read(file), as: UTF8.self) }

    /// The rows that the names of tests begin with: `row 3: ...`, `rows 10 to 12: ...`, `rows 22 and 25: ...`.
    private func testedRows() throws -> Set<Int> {
        var rows: Set<Int> = []
        for file in try files(below: root.appending("Tests")) where file.extension == "swift" {
            for line in try text(file).split(separator: "\n") where line.contains("func `row") {
                guard let name = line.split(separator: "`", maxSplits: 2).dropFirst().first,
                    let head = name.split(separator: ":").first
                else { continue }
                let numbers = head.split { !$0.isNumber }.compactMap { Int($0) }
                rows.formUnion(numbers)
                if head.contains(" to "), let first = numbers.first, let last = numbers.last {
                    rows.formUnion(first...last)
                }
            }
        }
        return rows
    }

    @Test func `has a test of its number, or waits for a feature`() throws {
        let page = try text(root.appending("Sources/ovenbird/Ovenbird.docc/HostileInput.md"))
        var waiting: Set<Int> = []
        var rows: [Int] = []
        for line in page.split(separator: "\n") where line.hasPrefix("| ") {
            let cells = line.split(separator: "|").map { $0.drop { $0 == " " } }
            guard let number = cells.first.flatMap({ Int($0.prefix { $0.isNumber }) }) else { continue }
            rows.append(number)
            if cells.last?.hasPrefix("waits for ") == true { waiting.insert(number) }
        }
        #expect(rows == Array(1...35), "the page has each row once, in order")
        let tested = try testedRows()
        #expect(Set(1...35).subtracting(tested).subtracting(waiting).sorted() == [], "rows without a test")
        #expect(waiting.intersection(tested).sorted() == [], "rows that no longer wait")
    }

    @Test func `row 33: libarchive never writes or reads the disk for us`() throws {
        let sources = try files(below: root.appending("Sources")).filter { ["swift", "c", "h"].contains($0.extension) }
        #expect(sources.count > 100)
        for file in sources {
            let calls = try text(file).split(separator: "\n").filter {
                ($0.contains("archive_write_disk") || $0.contains("archive_read_disk")) && !$0.contains("//")
            }
            #expect(calls.isEmpty, "\(file)")
        }
    }
}
