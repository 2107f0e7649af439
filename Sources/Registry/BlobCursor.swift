import OCI
import SystemIO
import Synchronization

/// A place in a blob that is being sent; it goes back by reading from the start again.
final class BlobCursor: Sendable {
    private struct State {
        var read: (@Sendable () throws -> [UInt8]?)?
        /// Where `rest` begins.
        var position: Int64 = 0
        var rest: [UInt8] = []
    }

    private let source: BlobSource
    private let state = Mutex(State())

    init(_ source: BlobSource) { self.source = source }

    /// The bytes of a range piece by piece, nil at its end.
    func pieces(_ range: Range<Int64>) -> @Sendable () async throws -> [UInt8]? {
        let holder = Place(range.lowerBound)
        return {
            try await BlockingPool.shared.run {
                try holder.place.withLock { place in
                    guard place < range.upperBound else { return nil }
                    let piece = try self.piece(at: place, limit: range.upperBound - place)
                    place += Int64(piece.count)
                    return piece
                }
            }
        }
    }

    /// At least one byte; the source proves its content before its last piece, so a blob that is too short throws
    /// there.
    private func piece(at place: Int64, limit: Int64) throws -> [UInt8] {
        try state.withLock { state in
            if state.read == nil || place < state.position {
                state = State(read: try source.open())
            }
            while true {
                if state.rest.isEmpty {
                    guard let read = state.read, let next = try read(), !next.isEmpty else {
                        throw RegistryError(
                            .wrongContent,
                            "the blob '\(source.descriptor.digest)' ends before its \(source.descriptor.size) bytes"
                        )
                    }
                    state.rest = next
                }
                let skipped = min(Int64(state.rest.count), place - state.position)
                if skipped > 0 {
                    state.rest.removeFirst(Int(skipped))
                    state.position += skipped
                    continue
                }
                let count = Int(min(Int64(state.rest.count), limit))
                let piece = Array(state.rest[..<count])
                state.rest.removeFirst(count)
                state.position += Int64(count)
                return piece
            }
        }
    }

    private final class Place: Sendable {
        let place: Mutex<Int64>

        init(_ start: Int64) { place = Mutex(start) }
    }
}
