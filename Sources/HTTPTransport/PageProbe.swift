/// A page that a server under test has to answer with.
package struct PageProbe: Codable, Sendable, Hashable {
    package var port: UInt16
    /// With a `/` in front, and its query.
    package var path: String
    package var status: Int
    /// What the body has in it.
    package var contains: [String]

    package init(port: UInt16, path: String, status: Int, contains: [String]) {
        self.port = port
        self.path = path
        self.status = status
        self.contains = contains
    }

    /// More of a page is not looked at.
    private static let limit = 4 << 20

    /// Nil where the page is as it has to be, else what is wrong with it; `port` is where it is on 127.0.0.1.
    package func failure(at port: UInt16, _ client: WebClient) async throws -> String? {
        guard let address = WebAddress("http://127.0.0.1:\(port)\(path)") else { return "'\(path)' is no path" }
        let late = HTTPError(.timeout, address, "the answer took too long")
        do {
            return try await withDeadline(.seconds(20), late) {
                let response = try await client.send(HTTPRequest(.get, address, patience: .seconds(10)))
                guard response.status == status else {
                    return "status: expected \(status), found \(response.status)"
                }
                if contains.isEmpty { return nil }
                let body = try await response.collect(from: address, limit: Self.limit)
                let text = String(decoding: body, as: UTF8.self)
                return contains.first { !text.contains($0) }.map { "the page has no '\($0)' in it" }
            }
        } catch let error as HTTPError {
            return error.reason
        }
    }
}
