import CShims
import Glibc

/// A name in a folder.
package struct FolderEntry: Sendable {
    package let name: [UInt8]
    /// What it is, symlinks not followed; nil where the file system does not say, so that `stat` has to.
    package let kind: FileKind?

    /// Sorted by the bytes of the name.
    package static func precedes(_ left: FolderEntry, _ right: FolderEntry) -> Bool {
        bytesPrecede(left.name, right.name)
    }
}

extension Descriptor {
    /// All that is in this folder but `.` and `..`, in no order; from its start, wherever the descriptor stands.
    ///
    /// Nobody else may read the same descriptor meanwhile. One call gives some hundred names (getdents64(2)).
    package func entries() throws(SystemError) -> [FolderEntry] {
        guard lseek(raw, 0, SEEK_SET) == 0 else { throw failure("read the folder", []) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 8)
        defer { buffer.deallocate() }
        var entries: [FolderEntry] = []
        while true {
            let count = ob_read_folder(raw, buffer.baseAddress, buffer.count)
            guard count >= 0 else { throw failure("read the folder", []) }
            if count == 0 { return entries }
            var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            while !rest.isEmpty {
                // Of a record: inode and offset with 8 bytes each, its length with 2, the kind with 1, and the name.
                let length = Int(rest.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
                let text = UnsafeRawBufferPointer(rebasing: rest[19..<length])
                let name = text.prefix(text.firstIndex(of: 0) ?? text.endIndex)
                let isDots = name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") }
                if !isDots { entries.append(FolderEntry(name: Array(name), kind: FileKind(entryType: rest[18]))) }
                rest = UnsafeRawBufferPointer(rebasing: rest[length...])
            }
        }
    }
}

extension FileKind {
    /// Of `d_type`, which is the file type bits of the mode; nil for DT_UNKNOWN.
    fileprivate init?(entryType: UInt8) { self.init(mode: UInt32(entryType) << 12) }
}

/// Whether the bytes of `left` come before those of `right`.
package func bytesPrecede(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.withUnsafeBytes { left in
        right.withUnsafeBytes { right in
            guard let first = left.baseAddress, let second = right.baseAddress else { return left.count < right.count }
            let order = memcmp(first, second, min(left.count, right.count))
            return order == 0 ? left.count < right.count : order < 0
        }
    }
}
