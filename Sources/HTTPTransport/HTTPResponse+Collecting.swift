extension HTTPResponse {
    /// The whole body of a small answer.
    ///
    /// Throws `HTTPError.malformed` for more than `limit` bytes, and `.timeout` where it takes longer than `patience`:
    /// a server that sends one byte now and then is not idle.
    package func collect(from address: WebAddress, limit: Int, patience: Duration = .seconds(60)) async throws
        -> [UInt8]
    {
        if let text = headers["content-length"], let length = Int(text) {
            guard length <= limit else {
                throw HTTPError(.malformed, address, "the answer has \(length) bytes, more than the limit of \(limit)")
            }
            if length == 0 {
                // Such an answer is whole with its head, so that there is nothing to wait for.
                for try await _ in body {}
                return []
            }
        }
        return try await withDeadline(patience, HTTPError(.timeout, address, "the answer took too long")) {
            var bytes: [UInt8] = []
            for try await piece in body {
                guard piece.count <= limit - bytes.count else {
                    throw HTTPError(.malformed, address, "the answer has more than the limit of \(limit) bytes")
                }
                bytes += piece
            }
            return bytes
        }
    }

    /// Reads what is left of an answer that nobody needs, so that its connection can be used again; one that is long, or
    /// does not come at once, is dropped with its connection.
    package func drain() async {
        do {
            try await withDeadline(.seconds(2), CancellationError()) {
                var count = 0
                for try await piece in body {
                    count += piece.count
                    if count > 64 * 1024 { return }
                }
            }
        } catch {
            // The answer was not needed, and the connection is not used again.
        }
    }
}

/// Runs `body`; where it takes longer than `patience`, it is cancelled and `error` is thrown.
package func withDeadline<Value: Sendable>(
    _ patience: Duration,
    _ error: any Error,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: patience)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else { throw error }
        return value
    }
}
