import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Baking

@Suite("Secrets stay out of logs and layers")
struct SecretBytesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func masked(_ text: String, _ secrets: [String: String]) throws -> String {
        let source = try Descriptor.openForReading(try folder.write(text, to: "source"))
        let target = try Descriptor.open(folder.file("target"), flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try SecretBytes(bytes(secrets)).copyMasked(source, to: target)
        return String(decoding: try Files.read(folder.file("target")), as: UTF8.self)
    }

    private func found(_ text: String, _ secrets: [String: String]) throws -> String? {
        let file = try Descriptor.openForReading(try folder.write(text, to: "file"))
        return try SecretBytes(bytes(secrets)).firstMatch(in: file, cancellation: CancellationFlag())?.name
    }

    private func bytes(_ secrets: [String: String]) -> [String: [UInt8]] { secrets.mapValues { Array($0.utf8) } }

    @Test func `each value becomes stars, without the white space around it`() throws {
        #expect(try masked("a s3cret b s3cret\n", ["token": " s3cret\n"]) == "a *** b ***\n")
        #expect(try masked("s3cres3cret", ["token": "s3cret"]) == "s3cre***")
        #expect(try masked("", ["token": "s3cret"]) == "")
        #expect(try masked("one two", ["a": "two", "b": "one two"]) == "***")
    }

    @Test func `so does each line of a key`() throws {
        let key = "-----BEGIN KEY-----\nAAAABBBB\nCCCC\n-----END KEY-----\n"
        #expect(try masked("x AAAABBBB y\nCCCC", ["key": key]) == "x *** y\n***")
    }

    @Test func `what is too short to be told from other text is left alone`() throws {
        #expect(SecretBytes(bytes(["pin": "123", "empty": ""])).isEmpty)
        #expect(try masked("123", ["pin": "123"]) == "123")
    }

    @Test func `a value on the border of two pieces is found`() throws {
        for shift in [0, 1, 5, 6, 7] {
            let text = String(repeating: "x", count: (256 << 10) - shift) + "s3cret" + "tail"
            #expect(try found(text, ["token": "s3cret"]) == "token")
            #expect(try masked(text, ["token": "s3cret"]).hasSuffix("x***tail"))
        }
        #expect(try found("s3cre t", ["token": "s3cret"]) == nil)
    }

    @Test func `lines that stand in every image do not make a layer suspicious`() throws {
        let key = """
            -----BEGIN OPENSSH PRIVATE KEY-----
            b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ
            AAAA
            -----END OPENSSH PRIVATE KEY-----

            """
        #expect(try found("\u{0}-----BEGIN OPENSSH PRIVATE KEY-----\u{0}AAAA", ["key": key]) == nil)
        #expect(try found("x b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ y", ["key": key]) == "key")
        #expect(try found("<\(key)>", ["key": key]) == "key")
        let settings = "[global]\n[a section with a long name]\nuser = ada\nindex-url = https://token@example.com/\n"
        #expect(try found("[global]\n[a section with a long name]\nuser = ada\n", ["pip": settings]) == nil)
        #expect(try found("index-url = https://token@example.com/", ["pip": settings]) == "pip")
        // A value of one line is told by less.
        #expect(try found("-s3cret-", ["token": "s3cret\n"]) == "token")
        // In a log every line goes.
        #expect(try masked("[global] AAAA", ["key": key, "pip": settings]) == "*** ***")
    }

    @Test func `a value that is no text is found as it is`() throws {
        let value: [UInt8] = [0xff, 0xfe, 0x00, 0x80, 0x81]
        let secrets = SecretBytes(["key": value])
        let place = try folder.write([0x41] + value + [0x42], to: "binary")
        let file = try Descriptor.openForReading(place)
        #expect(try secrets.firstMatch(in: file, cancellation: CancellationFlag())?.name == "key")
        let target = try Descriptor.open(folder.file("target"), flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try secrets.copyMasked(file, to: target)
        #expect(try Files.read(folder.file("target")) == Array("A***B".utf8))
    }

    @Test func `a search ends when nobody wants its result any more`() throws {
        let file = try Descriptor.openForReading(try folder.write("text", to: "file"))
        let cancellation = CancellationFlag()
        cancellation.set()
        #expect(throws: CancellationError.self) {
            _ = try SecretBytes(bytes(["token": "s3cret"])).firstMatch(in: file, cancellation: cancellation)
        }
    }

    /// Ten thousand lines against a quarter of a megabyte: line by line this would be billions of comparisons.
    @Test(.timeLimit(.minutes(1)))
    func `the time does not grow with the number of lines`() throws {
        let lines = (0..<10_000).map { Digester.digest(of: "line \($0)").hex }
        let text = (0..<4000).map { Digester.digest(of: "other \($0)").hex }.joined(separator: "\n")
        #expect(try found(text, ["list": lines.joined(separator: "\n")]) == nil)
        #expect(try found(text + lines[9_999], ["list": lines.joined(separator: "\n")]) == "list")
    }
}
