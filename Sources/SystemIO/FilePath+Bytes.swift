import Glibc
package import SystemPackage

extension FilePath {
    /// The path of what lies below this folder under a relative path, byte by byte: a name need not be text.
    package func appending(bytes relative: [UInt8]) -> FilePath {
        withPlatformString { folder in
            let length = strlen(folder)
            let whole = length + 1 + relative.count
            return withUnsafeTemporaryAllocation(byteCount: whole + 1, alignment: 1) { text in
                text.copyMemory(from: UnsafeRawBufferPointer(start: folder, count: length))
                text[length] = UInt8(ascii: "/")
                UnsafeMutableRawBufferPointer(rebasing: text[(length + 1)...]).copyBytes(from: relative)
                text[whole] = 0
                guard let start = text.baseAddress else { preconditionFailure("the buffer holds at least a slash") }
                // An empty folder is the current one, and a path of its own needs no slash in front.
                let first = start + (length == 0 ? 1 : 0)
                return FilePath(platformString: UnsafeRawPointer(first).assumingMemoryBound(to: CChar.self))
            }
        }
    }
}
