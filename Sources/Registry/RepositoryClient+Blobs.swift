import HTTPTransport
package import OCI
import SystemIO

extension RepositoryClient {
    /// Whether the repository, or another one of the registry, has a blob, of the right size where the registry says
    /// one.
    package func hasBlob(_ blob: ContentDescriptor, in other: String? = nil) async throws -> Bool {
        let (request, response) = try await send(HTTPRequest(.head, address("blobs/\(blob.digest)", in: other)))
        await response.drain()
        switch response.status {
        case 200:
            try check(response, is: blob.digest, request)
            if let text = response.headers["content-length"], let size = Int64(text), size != blob.size {
                throw RegistryError(.wrongContent, "\(describe(request)): it has \(size) bytes, not \(blob.size)")
            }
            return true
        case 404: return false
        default: throw await unexpected(request, response)
        }
    }

    /// Asks for an upload, or for a blob of another repository of the registry instead of one.
    func startUpload(_ blob: ContentDescriptor, from other: String? = nil) async throws -> UploadStart {
        var place = address("blobs/uploads/")
        if let other {
            place = place.adding(query: "mount", blob.digest.description).adding(query: "from", other)
        }
        let (request, response) = try await send(HTTPRequest(.post, place, headers: ["content-length": "0"]))
        guard response.status == 201 && other != nil || response.status == 202 else {
            throw await unexpected(request, response)
        }
        await response.drain()
        if response.status == 201 {
            try check(response, is: blob.digest, request)
            return .mounted
        }
        let smallest = response.headers["oci-chunk-min-length"].flatMap { Int64($0) }
        return .session(try location(request, response), smallestChunk: smallest.map { min(max($0, 1), 1 << 30) })
    }

    enum UploadStart: Sendable {
        case mounted
        case session(WebAddress, smallestChunk: Int64?)
    }

    /// Where an upload goes on; it may be relative, or on another host, which gets no credentials.
    func location(_ request: HTTPRequest, _ response: HTTPResponse) throws -> WebAddress {
        guard let text = response.headers["location"], let target = request.address.following(text) else {
            throw RegistryError(.wrongContent, "\(describe(request)): \(response.status) without a usable 'Location'")
        }
        try checkWay(from: request.address, to: target, request)
        return target
    }
}
