import FoundationEssentials
package import HTTPTransport
import OCI
import XMLCoder

/// One bucket of S3, as far as it is called here.
///
/// Source: Amazon S3 API Reference, version 2006-03-01.
package struct S3: Sendable {
    let session: AWSSession
    package let region: String
    package let bucket: String

    package init(_ session: AWSSession, region: String, bucket: String) {
        self.session = session
        self.region = region
        self.bucket = bucket
    }

    /// An object as a list has it.
    package struct Object: Sendable, Hashable, Decodable {
        package var key: String
        /// Bytes.
        package var size: Int64
        private var lastModified: String?

        /// Seconds since 1970; nil where the service does not say.
        package var modified: Int64? { lastModified.flatMap { Timestamp.seconds($0) } }

        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case size = "Size"
            case lastModified = "LastModified"
        }
    }

    /// Writes an object, which replaces one of this name; the service verifies its digest.
    ///
    /// At most 5 GiB, which is what one call may have.
    package func put(_ key: String, _ body: LargeBody) async throws {
        var call = call("PutObject", .put, key)
        call.headers["Content-Type"] = "application/octet-stream"
        call.body = .large(body)
        _ = try await session.send(call, in: region)
    }

    /// A part of an object, from a byte on; nothing where it ends there, and nil where there is no such object.
    package func get(_ key: String, from offset: Int64, limit: Int64) async throws -> [UInt8]? {
        var call = call("GetObject", .get, key)
        call.headers["Range"] = "bytes=\(offset)-\(offset + limit - 1)"
        do {
            return try await session.send(call, in: region).body
        } catch let error as ServiceError where error.code == "NoSuchKey" {
            return nil
        } catch let error as ServiceError where error.code == "InvalidRange" {
            return []
        }
    }

    /// Removes an object; nothing happens where there is none.
    package func delete(_ key: String) async throws {
        _ = try await session.send(call("DeleteObject", .delete, key), in: region)
    }

    /// All objects whose names begin so, in the order of their names.
    package func objects(prefix: String) async throws -> [Object] {
        var found: [Object] = []
        var next: String?
        repeat {
            var call = ServiceCall(.s3, "ListObjectsV2", .get)
            call.bucket = bucket
            call.query = [("list-type", "2"), ("prefix", prefix)]
            if let next { call.query.append(("continuation-token", next)) }
            let page: Page = try await session.xml(call, in: region)
            found += page.contents ?? []
            next = page.isTruncated ? page.next : nil
        } while next != nil
        return found
    }

    /// An address by which whoever has it can read the object, for so many seconds.
    ///
    /// Never shown: it holds a signature.
    package func presignedGet(_ key: String, seconds: Int) async throws -> WebAddress {
        try await session.presigned(call("GetObject", .get, key), in: region, seconds: seconds)
    }

    /// The same for whoever is to write it.
    package func presignedPut(_ key: String, seconds: Int) async throws -> WebAddress {
        try await session.presigned(call("PutObject", .put, key), in: region, seconds: seconds)
    }

    private func call(_ operation: String, _ method: HTTPMethod, _ key: String) -> ServiceCall {
        let path = key.split(separator: "/", omittingEmptySubsequences: false).map { percentEncoded(String($0)) }
        var call = ServiceCall(.s3, operation, method, path: "/" + path.joined(separator: "/"))
        call.bucket = bucket
        return call
    }

    private struct Page: Decodable {
        var contents: [Object]?
        var isTruncated: Bool
        var next: String?

        enum CodingKeys: String, CodingKey {
            case contents = "Contents"
            case isTruncated = "IsTruncated"
            case next = "NextContinuationToken"
        }
    }
}
