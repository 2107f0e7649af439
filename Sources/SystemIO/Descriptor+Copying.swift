import CShims
import Glibc

extension Descriptor {
    /// Writes `count` bytes of `source` from `offset` on where this file stands; answers how many, fewer where it ends.
    ///
    /// The kernel copies them (copy_file_range(2)), without a way through this process, and shares blocks where the file
    /// system can; where it refuses they go through a buffer.
    package func copy(_ count: Int64, of source: Descriptor, from offset: Int64) throws(SystemError) -> Int64 {
        var done: Int64 = 0
        while done < count {
            let step = Int(min(count - done, 1 << 30))
            let copied = ob_copy_file_range(source.raw, offset + done, raw, step)
            if copied > 0 {
                done += Int64(copied)
            } else if copied == 0 || errno != EINTR {
                // The end, or a file system that has no such call: reading tells, also what is wrong.
                return try done + copyThroughBuffer(count - done, of: source, from: offset + done)
            }
        }
        return done
    }

    private func copyThroughBuffer(
        _ count: Int64,
        of source: Descriptor,
        from offset: Int64
    ) throws(SystemError) -> Int64 {
        var done: Int64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(min(count, 256 << 10)), alignment: 64)
        defer { buffer.deallocate() }
        while done < count {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(count - done, Int64(buffer.count)))])
            let read = try source.read(into: room, at: offset + done)
            if read == 0 { break }
            try write(UnsafeRawBufferPointer(rebasing: room[..<read]))
            done += Int64(read)
        }
        return done
    }
}
