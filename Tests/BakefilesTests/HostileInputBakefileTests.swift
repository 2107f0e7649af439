import Diagnostics
import Testing

/// Bakefiles that ask for what they must not get; the numbers are those of the page on hostile input.
@Suite struct HostileInputBakefileTests {
    private static let head = "bakefile: 1\nproject: p\n"

    private func report(_ text: String) throws -> String { try Sample(Self.head + text).report }

    /// The identifiers of what is reported of one step.
    private func identifiers(_ step: String) throws -> [String] {
        let image = "images: { web: { kind: docker, from: scratch, steps: [{ \(step) }] } }\n"
        let sample = try Sample(Self.head + "secrets: { s: { env: S } }\n" + image)
        #expect(sample.diagnostics.allSatisfy { $0.place != nil })
        return sample.diagnostics.map(\.identifier.description)
    }

    @Test(arguments: ["../../..", "a/b", "..", "/etc", "a\\0b", "."])
    func `row 25: a cache is named, and not by a path`(id: String) throws {
        #expect(try identifiers("run: { command: x, cache: [{ id: \"\(id)\", target: /c }] }") == ["bad-name"])
    }

    @Test(arguments: ["/c/../../x", "../x", "x", "/", "/c/..", "."])
    func `row 25: a mount has its place in the image`(target: String) throws {
        #expect(try identifiers("run: { command: x, cache: [{ id: c, target: \"\(target)\" }] }") == ["bad-path"])
        #expect(try identifiers("run: { command: x, secrets: [{ name: s, path: \"\(target)\" }] }") == ["bad-path"])
    }

    @Test(arguments: ["../x", "/etc/passwd", "a/../../x", "site/../.."])
    func `rows 22 and 25: sources stay in the Bakefile's folder`(path: String) throws {
        #expect(try identifiers("copy: { from: \(path), to: /x }") == ["path-outside"])
        #expect(try identifiers("unpack: { from: \(path), to: /x }") == ["path-outside"])
        #expect(try identifiers("packages: [\(path)/x.deb]") == ["path-outside"])
    }

    @Test(arguments: ["../x", "a/b", "/x", ".", "..", "x\\n"]) func `row 27: an image's name is no path`(name: String)
        throws
    {
        let report = try report("images: { \"\(name)\": { kind: docker, from: scratch } }")
        #expect(report.contains(":3:11: error: ") && report.contains("[bad-name]"), "\(report)")
    }

    @Test(arguments: ["4294967296:0", "-1", "0:4294967295", "0:-1", "99999999999999999999"])
    func `row 32: an owner is a number that Linux has`(owner: String) throws {
        #expect(try identifiers("directory: { path: /x, owner: \"\(owner)\" }") == ["bad-owner"])
        #expect(try identifiers("copy: { from: x, to: /x, owner: \"\(owner)\" }") == ["bad-owner"])
        #expect(try identifiers("run: { command: x, user: \"\(owner)\" }") == ["bad-owner"])
    }

    @Test(.timeLimit(.minutes(1)), arguments: bombs)
    func `row 34: a document that is built to explode is refused with a place`(bomb: Bomb) throws {
        let report = try report(bomb.text)
        #expect(report.hasPrefix("Bakefile:") && report.contains("[\(bomb.identifier)]"), "\(report.prefix(300))")
        // Not a message for each of a million mistakes.
        #expect(report.utf8.count < 20_000)
    }

    struct Bomb: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let identifier: String
        let text: String
    }

    private static let bombs: [Bomb] = [
        Bomb(
            testDescription: "aliases of aliases",
            identifier: "too-many-nodes",
            text: "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
                + (1...9).map { level in
                    "x\(level): &x\(level) [\(Array(repeating: "*x\(level - 1)", count: 10).joined(separator: ", "))]\n"
                }.joined()
        ),
        Bomb(
            testDescription: "nesting",
            identifier: "too-deep",
            text: "x: " + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        ),
        Bomb(
            testDescription: "nesting by indentation",
            identifier: "too-deep",
            text: (0..<400).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        ),
        Bomb(testDescription: "an alias in itself", identifier: "alias-cycle", text: "x: &x [*x]\n"),
        Bomb(testDescription: "a merge key", identifier: "merge-key", text: "x: &x { <<: *x }\n"),
        Bomb(testDescription: "a key twice", identifier: "duplicate-key", text: "images: {}\nimages: {}\n"),
        Bomb(testDescription: "a tab", identifier: "yaml-syntax", text: "images:\n\tweb: {}\n"),
        Bomb(
            testDescription: "a matrix of a milliard",
            identifier: "matrix-limit",
            text: "images:\n  a:\n    kind: docker\n    from: scratch\n    matrix:\n"
                + (1...9).map { "      k\($0): [\((1...10).map { "\"\($0)\"" }.joined(separator: ", "))]\n" }.joined()
        ),
        Bomb(
            testDescription: "images that start from each other",
            identifier: "image-cycle",
            text: "images:\n  a: { kind: docker, from: { image: b } }\n  b: { kind: docker, from: { image: a } }\n"
        ),
        Bomb(
            testDescription: "a huge number",
            identifier: "bad-timestamp",
            text: "timestamp: \(String(repeating: "9", count: 5000))\nimages: {}\n"
        ),
        Bomb(
            testDescription: "a file that includes itself",
            identifier: "include-cycle",
            text: "include: [Bakefile]\n"
        ),
    ]
}
