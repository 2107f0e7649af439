import HTTPTransport
import OCI
import SystemIO

/// Brings one blob into a repository.
///
/// The bytes go by one PATCH, or by several where the registry wants chunks or takes only so much at once, or within
/// the last PUT where it knows no PATCH. After a failure the registry is asked how much it has, and the rest is sent;
/// an upload that it does not know any more is started again.
///
/// Source: OCI distribution specification 1.1, "Pushing blobs".
struct BlobUpload {
    private let client: RepositoryClient
    private let source: BlobSource
    private let cursor: BlobCursor
    private var place: WebAddress?
    /// Bytes that the registry has.
    private var offset: Int64 = 0
    private var chunk: Int64 = .max
    private var isMonolithic = false
    private var failures = 0
    /// Those in a row.
    private var challenges = AnsweredChallenges()
    /// Where the counting of failures began: they count as long as little moves.
    private var offsetAtFailure: Int64 = 0
    private var restarts = 0

    /// Progress that makes earlier failures forgotten.
    private static let progress: Int64 = 1 << 20
    private static let smallestChunk: Int64 = 64 << 10

    init(_ client: RepositoryClient, _ source: BlobSource) {
        self.client = client
        self.source = source
        cursor = BlobCursor(source)
    }

    private var blob: ContentDescriptor { source.descriptor }

    /// `start` is an upload that has been opened already, as a refused mount leaves one.
    mutating func run(from start: RepositoryClient.UploadStart? = nil) async throws {
        if let start { begin(start) }
        while true {
            guard let place else {
                begin(try await client.startUpload(blob))
                continue
            }
            if isMonolithic || offset == blob.size {
                if try await finish(place) { return }
            } else {
                try await sendChunk(place)
            }
        }
    }

    private mutating func begin(_ start: RepositoryClient.UploadStart) {
        guard case .session(let place, let smallest) = start else { return }
        self.place = place
        offset = 0
        offsetAtFailure = 0
        if let smallest, chunk == .max { chunk = max(smallest, 16 << 20) }
    }

    private mutating func sendChunk(_ place: WebAddress) async throws {
        let end = chunk < blob.size - offset ? offset + chunk : blob.size
        var request = HTTPRequest(.patch, place)
        request.headers["content-type"] = "application/octet-stream"
        request.headers["content-range"] = "\(offset)-\(end - 1)"
        request.body = .stream(length: end - offset, next: cursor.pieces(offset..<end))
        request.patience = client.session.pace.patience(for: end - offset)
        guard let response = try await attempt(&request) else { return }
        switch response.status {
        case 201, 202, 204:
            await response.drain()
            self.place = try client.location(request, response)
            try advance(to: received(response) ?? end, request)
        case 404 where restarts < 5: try await restart(response)
        case 416: try await resume(response)
        case 405, 501: await becomeMonolithic(response)
        case 413 where chunk > Self.smallestChunk:
            await response.drain()
            chunk = max(min(end - offset, 64 << 20) / 4, Self.smallestChunk)
            try await askOffset()
        default: throw await client.unexpected(request, response)
        }
    }

    /// The end of the upload; false where it has to go on.
    private mutating func finish(_ place: WebAddress) async throws -> Bool {
        var request = HTTPRequest(.put, place.adding(query: "digest", blob.digest.description))
        request.headers["content-type"] = "application/octet-stream"
        if isMonolithic, blob.size > 0 {
            request.body = .stream(length: blob.size, next: cursor.pieces(0..<blob.size))
            request.patience = client.session.pace.patience(for: blob.size)
        } else {
            request.headers["content-length"] = "0"
        }
        guard let response = try await attempt(&request) else { return false }
        switch response.status {
        case 201, 202, 204:
            await response.drain()
            try client.check(response, is: blob.digest, request)
            return true
        case 404 where restarts < 5:
            // The answer to an earlier try may have been lost.
            await response.drain()
            if try await client.hasBlob(blob) { return true }
            try await restart(nil)
            return false
        case 400 where restarts < 2, 416 where restarts < 2:
            // The bytes were damaged or cut on their way: once more from the start.
            let error = await client.unexpected(request, response)
            guard restarts == 0 else { throw error }
            try await restart(nil)
            return false
        default: throw await client.unexpected(request, response)
        }
    }

    /// Sends once; nil where it failed in a way that may heal, after which the registry has been asked for the offset.
    private mutating func attempt(_ request: inout HTTPRequest) async throws -> HTTPResponse? {
        let authorization = try await client.authorization(for: request.address)
        request.headers["authorization"] = authorization
        let response: HTTPResponse
        do {
            response = try await client.session.carrier.send(request)
        } catch let error as HTTPError {
            guard error.isTransient, try await pause(nil) else {
                throw RegistryError(error, method: request.method)
            }
            try await askOffset()
            return nil
        }
        if response.status == 401, request.address.hasSameOrigin(as: client.host.address) {
            guard try await client.isAnswerable(response, sent: authorization, &challenges) else {
                throw await client.denied(request, response)
            }
            try await askOffset()
            return nil
        }
        if RetryPolicy.isTransient(status: response.status) {
            guard try await pause(response) else { throw await client.unexpected(request, response) }
            await response.drain()
            try await askOffset()
            return nil
        }
        challenges = AnsweredChallenges()
        return response
    }

    private mutating func pause(_ response: HTTPResponse?) async throws -> Bool {
        if offset - offsetAtFailure >= Self.progress { failures = 0 }
        offsetAtFailure = offset
        failures += 1
        return try await client.session.wait(afterFailure: failures, response)
    }

    /// Source: OCI distribution specification 1.1, "Pushing a blob in chunks", the GET of the upload's location.
    private mutating func askOffset() async throws {
        guard let place, !isMonolithic else { return self.place = nil }
        let (request, response) = try await client.send(HTTPRequest(.get, place))
        await response.drain()
        guard response.status == 204 || response.status == 202 || response.status == 200 else {
            if response.status == 404, try await client.hasBlob(blob) {
                throw AlreadyThere()
            }
            return try await restart(nil)
        }
        if response.headers["location"] != nil { self.place = try client.location(request, response) }
        // Registries say `0-0` for nothing too, so one byte cannot be told from none.
        guard let received = received(response), received > 1 else { return try await restart(nil) }
        guard received <= blob.size else {
            throw RegistryError(.wrongContent, "\(client.describe(request)): it has more bytes than were sent")
        }
        offset = received
    }

    private mutating func resume(_ response: HTTPResponse) async throws {
        await response.drain()
        failures += 1
        guard failures < client.session.policy.attempts else {
            throw RegistryError(.refused, "'\(client.name)' does not take the blob '\(blob.digest)' in order")
        }
        try await askOffset()
    }

    private mutating func restart(_ response: HTTPResponse?) async throws {
        await response?.drain()
        restarts += 1
        guard restarts <= 10 else {
            throw RegistryError(.refused, "'\(client.name)' lost the upload of the blob '\(blob.digest)' too often")
        }
        place = nil
    }

    private mutating func becomeMonolithic(_ response: HTTPResponse) async {
        await response.drain()
        isMonolithic = true
        place = nil
    }

    private mutating func advance(to end: Int64, _ request: HTTPRequest) throws {
        guard end > offset, end <= blob.size else {
            throw RegistryError(
                .wrongContent,
                "\(client.describe(request)): the registry has \(end) of \(blob.size) bytes, which were not sent"
            )
        }
        offset = end
    }

    /// The number of bytes that `Range: 0-N` speaks of; nil where there is none.
    private func received(_ response: HTTPResponse) -> Int64? {
        guard let text = response.headers["range"] else { return nil }
        let bounds = text.split(separator: "=").last?.split(separator: "-") ?? []
        guard bounds.count == 2, let last = Int64(bounds[1]), last >= 0, last < .max else { return nil }
        return last + 1
    }
}

/// The registry finished an upload whose answer was lost.
struct AlreadyThere: Error {}
