import Glibc
import HTTPTransport
import SystemIO
import Testing

@Suite("Answers on an open connection") struct PipeServerTests {
    /// What the server says to bytes, until it has nothing to say any more.
    private func reply(to text: String) async throws -> String {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let (client, server) = (ends[0], ends[1])
        let other = dup(server)
        let bytes = Array(text.utf8)
        try #require(send(client, bytes, bytes.count, 0) == bytes.count)
        shutdown(client, Int32(SHUT_WR))
        try await PipeServer.serve(input: server, output: other) { request in
            let name = request.headers["x-name"] ?? "nobody"
            let text = "\(request.method) \(request.path) \(name)"
            guard name == "all" else { return .init(200, ["X-Kind": "answer"], body: Array(text.utf8)) }
            let body = request.body.map { String(decoding: $0, as: UTF8.self) } ?? "too long"
            return .init(200, body: Array("\(text) \(request.query ?? "none") \(body)".utf8))
        }
        defer { close(client) }
        return try await BlockingPool.shared.run {
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(client, &buffer, buffer.count, 0)
                if count <= 0 { return String(decoding: all, as: UTF8.self) }
                all += buffer[..<count]
            }
        }
    }

    @Test func `answers one request after the other`() async throws {
        let text = try await reply(
            to:
                "GET /a?b=c HTTP/1.1\r\nHost: x\r\nX-Name: me\r\n\r\nPUT /d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
        )
        #expect(
            text == "HTTP/1.1 200 OK\r\nX-Kind: answer\r\nContent-Length: 9\r\n\r\nGET /a me"
                + "HTTP/1.1 200 OK\r\nX-Kind: answer\r\nContent-Length: 13\r\n\r\nPUT /d nobody"
        )
    }

    @Test func `says that it closes where that is asked for, and answers HEAD without a body`() async throws {
        let text = try await reply(to: "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(
            text == "HTTP/1.1 200 OK\r\nX-Kind: answer\r\nContent-Length: 13\r\nConnection: close\r\n\r\n"
        )
    }

    @Test func `has query and body, but for one that is too long`() async throws {
        let head = "HTTP/1.1\r\nHost: x\r\nX-Name: all\r\n"
        let longest = String(repeating: "x", count: PipeServer.longestBody)
        let text = try await reply(
            to: "PUT /a?b=c?d \(head)Content-Length: 2\r\n\r\nhiPUT /b \(head)Transfer-Encoding: chunked\r\n\r\n"
                + "2\r\nab\r\n1\r\nc\r\n0\r\n\r\nPUT /c? \(head)Content-Length: \(longest.count + 1)\r\n\r\n\(longest)x"
        )
        let bodies = text.split(separator: "\r\n").map {
            $0.split(separator: "HTTP/1.1", omittingEmptySubsequences: false)[0]
        }
        #expect(
            bodies.filter { $0.hasPrefix("PUT") } == [
                "PUT /a all b=c?d hi", "PUT /b all none abc", "PUT /c all  too long",
            ]
        )
    }

    @Test func `ends with what is no HTTP`() async throws {
        #expect(try await reply(to: "\u{0}\u{1}\r\n\r\n").hasPrefix("HTTP/1.1 400"))
        #expect(try await reply(to: "").isEmpty)
    }
}
