import Glibc

/// Many paths in few allocations: the folder of neighbours is kept once, so that depth costs nothing.
package struct PathStore: Sendable {
    /// Where the parts of a path are kept.
    package struct Place: Sendable {
        fileprivate var folder: ByteStore.Place
        fileprivate var name: ByteStore.Place
        fileprivate var folderLength: UInt16
        fileprivate var nameLength: UInt16
    }

    private var bytes = ByteStore()
    private var lastFolder: [UInt8] = []
    private var lastFolderPlace: ByteStore.Place = 0

    package init() {}

    /// Keeps a relative path of less than 64 KiB, and bytes that belong to it right behind.
    package mutating func append(_ path: [UInt8], _ more: [UInt8] = []) -> Place {
        path.withUnsafeBytes { path in
            var start = path.count
            while start > 0, path[start - 1] != UInt8(ascii: "/") { start -= 1 }
            return append(
                UnsafeRawBufferPointer(rebasing: path[start...]),
                in: UnsafeRawBufferPointer(rebasing: path[..<max(0, start - 1)]),
                more
            )
        }
    }

    /// The same of a name in a folder, which is given as its path.
    package mutating func append(_ name: UnsafeRawBufferPointer, in folder: [UInt8], _ more: [UInt8]) -> Place {
        folder.withUnsafeBytes { append(name, in: $0, more) }
    }

    private mutating func append(
        _ name: UnsafeRawBufferPointer,
        in folder: UnsafeRawBufferPointer,
        _ more: [UInt8]
    ) -> Place {
        precondition(folder.count + 1 + name.count < ByteStore.maximumLength, "a path is shorter than 64 KiB")
        if !folder.isEmpty, !isLastFolder(folder) {
            lastFolder = Array(folder)
            lastFolderPlace = bytes.append(folder, [])
        }
        return Place(
            folder: lastFolderPlace,
            name: bytes.append(name, more),
            folderLength: UInt16(folder.count),
            nameLength: UInt16(name.count)
        )
    }

    private func isLastFolder(_ folder: UnsafeRawBufferPointer) -> Bool {
        lastFolder.withUnsafeBytes { last in
            guard folder.count == last.count, let one = folder.baseAddress, let other = last.baseAddress else {
                return false
            }
            return memcmp(one, other, last.count) == 0
        }
    }

    package func path(at place: Place) -> [UInt8] { withPath(at: place) { Array($0) } }

    /// Appends the bytes of a path.
    package func copyPath(at place: Place, to text: inout [UInt8]) {
        if place.folderLength > 0 {
            bytes.copy(at: place.folder, length: Int(place.folderLength), to: &text)
            text.append(UInt8(ascii: "/"))
        }
        bytes.copy(at: place.name, length: Int(place.nameLength), to: &text)
    }

    /// Hands over the bytes of a path, valid for the call only.
    package func withPath<Value>(at place: Place, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        let (folderLength, nameLength) = (Int(place.folderLength), Int(place.nameLength))
        if folderLength == 0 { return bytes.withBytes(at: place.name, length: nameLength, body) }
        let length = folderLength + 1 + nameLength
        return withUnsafeTemporaryAllocation(byteCount: length, alignment: 1) { path in
            bytes.withBytes(at: place.folder, length: folderLength) { path.copyMemory(from: $0) }
            path[folderLength] = UInt8(ascii: "/")
            bytes.withBytes(at: place.name, length: nameLength) { name in
                UnsafeMutableRawBufferPointer(rebasing: path[(folderLength + 1)...]).copyMemory(from: name)
            }
            return body(UnsafeRawBufferPointer(path))
        }
    }

    /// The first `length` bytes of what was kept behind a path.
    package func bytes(behind place: Place, length: Int) -> [UInt8] {
        bytes.bytes(at: place.name, offset: Int(place.nameLength), length: length)
    }
}
