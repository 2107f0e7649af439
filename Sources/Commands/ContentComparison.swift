import SystemIO
import SystemPackage

/// Compares pieces of two files of equal length, in buffers that are used again.
struct ContentComparison {
    private var old = [UInt8](repeating: 0, count: 64 << 10)
    private var new = [UInt8](repeating: 0, count: 64 << 10)

    /// The first byte, counted from 0, that is not the same; nil where all are.
    mutating func firstDifference(
        _ left: (file: Descriptor, offset: Int64),
        _ right: (file: Descriptor, offset: Int64),
        count: Int64
    ) throws -> Int64? {
        var done: Int64 = 0
        while done < count {
            let piece = Int(min(Int64(old.count), count - done))
            try Self.fill(&old, piece, left.file, at: left.offset + done)
            try Self.fill(&new, piece, right.file, at: right.offset + done)
            if old[..<piece] != new[..<piece] {
                let place = zip(old, new).prefix { $0 == $1 }.count
                return done + Int64(place)
            }
            done += Int64(piece)
        }
        return nil
    }

    private static func fill(_ buffer: inout [UInt8], _ count: Int, _ file: Descriptor, at offset: Int64) throws {
        var done = 0
        while done < count {
            let read = try buffer.withUnsafeMutableBufferPointer { (bytes) throws(SystemError) in
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(bytes)[done..<count])
                return try file.read(into: rest, at: offset + Int64(done))
            }
            guard read > 0 else { throw SystemError("read to the end of a file in", file.path, .ioError) }
            done += read
        }
    }
}
