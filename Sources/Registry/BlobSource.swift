package import Layers
package import OCI
package import Store
package import SystemIO
import Synchronization

/// A blob to be uploaded: what it is, and where its bytes come from.
package struct BlobSource: Sendable {
    package let descriptor: ContentDescriptor
    /// Starts at the first byte, as often as it is called; what it gives has the pieces of the blob, at most 1 MiB
    /// each, and nil at the end.
    ///
    /// It throws before the last piece where the content is not the descriptor's. It blocks.
    package let open: @Sendable () throws -> @Sendable () throws -> [UInt8]?

    package init(
        _ descriptor: ContentDescriptor,
        open: @escaping @Sendable () throws -> @Sendable () throws -> [UInt8]?
    ) {
        self.descriptor = descriptor
        self.open = open
    }

    /// A small blob.
    package init(_ descriptor: ContentDescriptor, bytes: [UInt8]) {
        self.init(descriptor) {
            let rest = Mutex<[UInt8]?>(bytes)
            return {
                rest.withLock { rest in
                    defer { rest = nil }
                    return rest.flatMap { $0.isEmpty ? nil : $0 }
                }
            }
        }
    }

    /// A blob of a store, verified on its way out.
    package init(_ descriptor: ContentDescriptor, in store: ArtifactStore) {
        self.init(descriptor) {
            let reading = try StoredBlobReading(descriptor, in: store)
            return { try reading.next() }
        }
    }
}

/// Gives what layers a destination gets for those of the store: as they are, or compressed.
///
/// The argument is an uncompressed layer, whose digest is its diffID.
package typealias LayerPacking = @Sendable (_ layer: ContentDescriptor) async throws -> BlobSource

extension BlobSource {
    /// Layers as the store holds them: uncompressed.
    package static func storedForm(in store: ArtifactStore) -> LayerPacking {
        { BlobSource($0, in: store) }
    }

    /// Layers compressed, once for each store and compression; what it was is an annotation of the layer.
    package static func compressed(_ compression: Compression, in store: ArtifactStore) -> LayerPacking {
        { layer in
            let descriptor = try await BlockingPool.shared.run { cancellation in
                try layer.compressed(compression, in: store, cancellation: cancellation)
            }
            return BlobSource(descriptor, in: store)
        }
    }
}

extension ContentDescriptor {
    /// An uncompressed layer of the store in its compressed form, which is in the store afterwards.
    ///
    /// Blocks.
    package func compressed(
        _ compression: Compression,
        in store: ArtifactStore,
        cancellation: CancellationFlag
    ) throws -> ContentDescriptor {
        let blob = try store.compressed(digest, as: compression, cancellation: cancellation)
        var layer = self
        layer.mediaType = compression.codec == .gzip ? .layerGzip : .layerZstd
        layer.digest = blob.digest
        layer.size = blob.size
        layer.annotations[Self.compressionKey] = compression.description
        return layer
    }

    /// `gzip-1`: how a layer was compressed.
    private static let compressionKey = "ovenbird.compression"
}

/// Reads one piece ahead, because only the end of a blob proves its content: the last piece is given when all is known
/// to be right.
private final class StoredBlobReading: Sendable {
    private struct State {
        var reader: VerifiedReader
        var ahead: [UInt8]?
    }

    private let state: Mutex<State>

    init(_ descriptor: ContentDescriptor, in store: ArtifactStore) throws {
        let reader = try store.makeReader(of: descriptor.digest, size: descriptor.size)
        let first = try Self.piece(reader)
        state = Mutex(State(reader: reader, ahead: first))
    }

    func next() throws -> [UInt8]? {
        try state.withLock { state in
            guard let piece = state.ahead else { return nil }
            state.ahead = try Self.piece(state.reader)
            return piece
        }
    }

    private static func piece(_ reader: VerifiedReader) throws -> [UInt8]? {
        var size = 0
        let bytes = try [UInt8](unsafeUninitializedCapacity: 256 << 10) { buffer, count in
            count = try reader.read(into: UnsafeMutableRawBufferPointer(buffer))
            size = count
        }
        return size == 0 ? nil : bytes
    }
}
