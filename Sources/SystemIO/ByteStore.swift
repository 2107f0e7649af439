/// Many short byte strings in few allocations: names of files, found again by the number that `append` gives.
package struct ByteStore: Sendable {
    /// Where a string begins: the piece in the upper half, the place in it in the lower half.
    package typealias Place = UInt32

    /// No string may be longer.
    package static let maximumLength = 1 << 16

    private var pieces: [[UInt8]] = []

    package init() {}

    /// Keeps the bytes of both, one behind the other; together they have at most `maximumLength` bytes.
    package mutating func append(_ bytes: [UInt8], _ more: [UInt8] = []) -> Place {
        bytes.withUnsafeBytes { append($0, more) }
    }

    /// The same of bytes that are no array.
    mutating func append(_ bytes: UnsafeRawBufferPointer, _ more: [UInt8]) -> Place {
        let length = bytes.count + more.count
        precondition(length <= Self.maximumLength, "a name is shorter than 64 KiB")
        let used = pieces.last?.count ?? Self.maximumLength
        if used == Self.maximumLength || used + length > Self.maximumLength {
            precondition(pieces.count < Self.maximumLength, "names have less than 4 GiB")
            pieces.append([])
            // The first one grows as it needs, since most stores have few strings.
            if pieces.count > 1 { pieces[pieces.count - 1].reserveCapacity(Self.maximumLength) }
        }
        let last = pieces.count - 1
        let offset = pieces[last].count
        pieces[last].append(contentsOf: bytes)
        if !more.isEmpty { pieces[last] += more }
        return Place(last) << 16 | Place(offset)
    }

    /// Hands over `length` bytes from `offset` on of the string at a place.
    package func withBytes<Value>(
        at place: Place,
        offset: Int = 0,
        length: Int,
        _ body: (UnsafeRawBufferPointer) -> Value
    ) -> Value {
        let start = Int(place & 0xffff) + offset
        return pieces[Int(place >> 16)].withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[start..<start + length]))
        }
    }

    /// Appends the first `length` bytes of the string at a place.
    func copy(at place: Place, length: Int, to bytes: inout [UInt8]) {
        withBytes(at: place, length: length) { bytes.append(contentsOf: $0) }
    }

    package func bytes(at place: Place, offset: Int = 0, length: Int) -> [UInt8] {
        withBytes(at: place, offset: offset, length: length) { Array($0) }
    }
}
