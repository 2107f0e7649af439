import FakeRegistry
import HTTPTransport
import Synchronization
import Testing

@Suite("Memory for bodies") struct BodyBufferTests {
    private struct Broken: Error {}

    private func fill(_ buffer: BodyBuffer, _ text: String) throws {
        try buffer.fill(text.utf8.count) { $0.copyBytes(from: Array(text.utf8)) }
    }

    @Test func `requests send what it has, as often as it is sent, and what it is filled with next`() async throws {
        let bodies = Mutex<[String]>([])
        let server = try await FakeServer { request in
            bodies.withLock { $0.append(String(decoding: request.body, as: UTF8.self)) }
            return FakeAnswer(200, body: Array("\(request.body.count)".utf8))
        }
        let address = try #require(WebAddress("http://\(server.authority)/"))
        let buffer = BodyBuffer()
        try await WebClient.with(trust: TrustSettings()) { client in
            for (text, times) in [("the first", 2), ("one", 1), ("", 1)] {
                try fill(buffer, text)
                for _ in 0..<times {
                    let response = try await client.send(HTTPRequest(.put, address, body: .buffer(buffer)))
                    let answer = try await response.collect(from: address, limit: 100)
                    #expect(String(decoding: answer, as: UTF8.self) == "\(text.utf8.count)")
                }
            }
        }
        #expect(bodies.withLock { $0 } == ["the first", "the first", "one", ""])
    }

    @Test func `has nothing where filling it failed`() throws {
        let buffer = BodyBuffer()
        try fill(buffer, "something")
        #expect(buffer.count == 9)
        #expect(throws: Broken.self) { try buffer.fill(4) { _ in throw Broken() } }
        #expect(buffer.count == 0)
    }
}
