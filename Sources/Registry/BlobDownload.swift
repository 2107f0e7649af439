import HTTPTransport
package import OCI
import Synchronization
import SystemIO

extension RepositoryClient {
    /// Reads a blob into `sink`, piece by piece; returning is the proof of its digest and size.
    ///
    /// What `sink` got is not to be used before. After a broken connection the rest is asked for by range. The
    /// addresses that a manifest may name for foreign layers are never used.
    package func download(
        _ blob: ContentDescriptor,
        into sink: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws {
        var download = BlobDownload(client: self, blob: blob, sink: sink)
        try await download.run()
    }

    /// A small blob, such as a config.
    package func smallBlob(_ blob: ContentDescriptor) async throws -> [UInt8] {
        guard blob.size <= Int64(DocumentLimit.bytes) else {
            throw RegistryError(
                .wrongContent,
                "the blob '\(blob.digest)' of '\(name)' has \(blob.size) bytes, "
                    + "more than the limit of \(DocumentLimit.bytes)"
            )
        }
        let bytes = SmallBlob()
        try await download(blob) { piece in bytes.content.withLock { $0 += piece } }
        return bytes.content.withLock { $0 }
    }
}

private final class SmallBlob: Sendable {
    let content = Mutex<[UInt8]>([])
}

private struct BlobDownload {
    let client: RepositoryClient
    let blob: ContentDescriptor
    let sink: @Sendable ([UInt8]) throws -> Void
    private var digester = Digester()
    private var failures = 0
    private var countAtFailure: Int64 = 0

    init(client: RepositoryClient, blob: ContentDescriptor, sink: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.client = client
        self.blob = blob
        self.sink = sink
    }

    mutating func run() async throws {
        while true {
            do {
                try await readRest()
                break
            } catch let error as HTTPError {
                if digester.count - countAtFailure >= 1 << 20 { failures = 0 }
                countAtFailure = digester.count
                failures += 1
                guard error.isTransient, try await client.session.wait(afterFailure: failures) else {
                    throw RegistryError(error, method: .get)
                }
            }
        }
        let found = digester.finish()
        guard found == blob.digest else {
            throw RegistryError(
                .wrongContent,
                "the blob '\(blob.digest)' of '\(client.name)' has another content, with the digest '\(found)'"
            )
        }
    }

    private mutating func readRest() async throws {
        let start = digester.count
        var get = HTTPRequest(.get, client.address("blobs/\(blob.digest)"))
        if start > 0 {
            if start == blob.size { return }
            get.headers["range"] = "bytes=\(start)-"
        }
        let (request, response) = try await client.send(get)
        var skipped: Int64 = 0
        switch response.status {
        case 206 where start > 0:
            let range = response.headers["content-range"] ?? ""
            guard range.hasPrefix("bytes \(start)-") else {
                throw RegistryError(
                    .wrongContent,
                    "\(client.describe(request)): the range '\(cutLine(range))' is not what was asked for"
                )
            }
        // The server knows no ranges: what is here already is read once more.
        case 200:
            skipped = start
            if let length = response.headers["content-length"].flatMap(Int64.init), length < blob.size {
                throw RegistryError(
                    .wrongContent,
                    "\(client.describe(request)): it has \(length) of the \(blob.size) bytes that the manifest names"
                )
            }
        default: throw await client.unexpected(request, response)
        }
        try client.check(response, is: blob.digest, request)
        try await read(response, skipping: skipped, request)
    }

    private mutating func read(_ response: HTTPResponse, skipping count: Int64, _ request: HTTPRequest) async throws {
        var toSkip = count
        var window = (start: client.session.clock.steady(), bytes: Int64(0))
        for try await piece in response.body {
            try checkPace(&window, Int64(piece.count), request)
            var bytes = piece
            if toSkip > 0 {
                let skipped = min(Int(toSkip), bytes.count)
                bytes.removeFirst(skipped)
                toSkip -= Int64(skipped)
                if bytes.isEmpty { continue }
            }
            guard Int64(bytes.count) <= blob.size - digester.count else {
                throw RegistryError(
                    .wrongContent,
                    "\(client.describe(request)): it has more than the \(blob.size) bytes that the manifest names"
                )
            }
            digester.update(bytes)
            try await BlockingPool.shared.run { [sink, bytes] in try sink(bytes) }
        }
        guard digester.count == blob.size else {
            throw HTTPError(.closed, request.address, "it ended after \(digester.count) of \(blob.size) bytes")
        }
    }

    /// A server that sends a few bytes now and then is not idle, and would never end.
    private func checkPace(
        _ window: inout (start: Double, bytes: Int64),
        _ count: Int64,
        _ request: HTTPRequest
    ) throws {
        window.bytes += count
        let pace = client.session.pace
        let now = client.session.clock.steady()
        guard now - window.start >= pace.window else { return }
        guard window.bytes >= pace.bytes else {
            throw HTTPError(
                .timeout,
                request.address,
                "only \(window.bytes) bytes came in \(Int(now - window.start)) s"
            )
        }
        window = (now, 0)
    }
}
