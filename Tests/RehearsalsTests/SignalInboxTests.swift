import Glibc
import HTTPTransport
import SystemIO
import TestSupport
import Testing

@testable import Rehearsals

@Suite("What answers at the address of a wait condition handle") struct SignalInboxTests {
    private let folder: TemporaryFolder
    private let handles = WaitHandles(["Handle"], of: "stack")

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("", to: "inbox")
    }

    private func ask(
        _ method: String = "PUT",
        path: String? = nil,
        query: String? = "AWSAccessKeyId=rehearsed&Expires=4102444800&Signature=rehearsed%3D",
        headers: HeaderFields = [:],
        body: [UInt8]? = Array("{\n}".utf8)
    ) -> PipeServer.Answer {
        SignalInbox(folder.file("inbox"), handles)
            .answer(.init(method: method, path: path ?? "/stack%2FHandle", query: query, headers: headers, body: body))
    }

    private func kept() throws -> [RehearsalLine] {
        try Files.read(folder.file("inbox")).split(separator: UInt8(ascii: "\n"))
            .compactMap { RehearsalLine(String(decoding: $0, as: UTF8.self)) }
    }

    @Test func `keeps what is put there`() throws {
        #expect(ask() == .init(200))
        #expect(ask(headers: ["Content-Type": ""]) == .init(200))
        let lines = try kept()
        #expect(lines.map(\.kind) == ["put", "put"])
        #expect(lines.map(\.words) == [["Handle", "{", "}"], ["Handle", "{", "}"]])
    }

    @Test func `refuses what S3 would refuse, and says why`() throws {
        let refused: [(PipeServer.Answer, Int, String)] = [
            (ask(path: "/"), 404, "PUT to an address that is no wait condition handle's: nothing is there"),
            (ask("GET"), 403, "GET to 'Handle': signals are put there"),
            (
                ask(query: "AWSAccessKeyId=rehearsed"), 403,
                "PUT to 'Handle': the address is not whole; put it in quotes, for a shell ends it at '&'"
            ),
            (
                ask(query: nil), 403,
                "PUT to 'Handle': the address is not whole; put it in quotes, for a shell ends it at '&'"
            ),
            (
                ask(headers: ["Content-Type": "text/plain"]), 403,
                "PUT to 'Handle': the Content-Type is 'text/plain', and has to be empty; curl takes -H 'Content-Type:'"
            ),
            (ask(body: nil), 400, "PUT to 'Handle': more than 65536 bytes"),
        ]
        for (answer, status, text) in refused { #expect(answer == .init(status, body: Array("\(text)\n".utf8))) }
        #expect(try kept().map(\.kind) == refused.map { _ in "refused" })
        #expect(try kept().map(\.words) == refused.map { [$0.2] })
    }

    @Test func `says what it cannot keep`() throws {
        try Files.removeFile(folder.file("inbox"))
        let answer = ask()
        #expect(answer.status == 500)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("cannot open"))
        let file = try Descriptor.open(folder.file("inbox"), flags: O_WRONLY | O_CREAT, mode: 0o600)
        try file.setLength(16 << 20)
        #expect(ask() == .init(503))
    }
}
