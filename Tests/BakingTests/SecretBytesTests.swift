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
        try SecretBytes(secrets).copyMasked(source, to: target)
        return String(decoding: try Files.read(folder.file("target")), as: UTF8.self)
    }

    private func found(_ text: String, _ secrets: [String: String]) throws -> String? {
        try SecretBytes(secrets).firstName(in: Descriptor.openForReading(try folder.write(text, to: "file")))
    }

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
        #expect(SecretBytes(["pin": "123", "empty": ""]).isEmpty)
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
}
