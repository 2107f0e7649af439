import Glibc
import Store
import SystemIO
import SystemPackage

/// The digests that the store knows of files, by their paths: about 100 bytes for each.
struct KnownFiles: Sendable {
    private var files = Pieces<KnownFileDigest>()
    /// By the hash of the path: of two files with one hash one is read again, since their facts tell them apart.
    private var places: [Int: UInt32] = [:]

    init(under folders: [FilePath], in store: ArtifactStore) throws {
        for folder in folders {
            try store.forEachFileDigest(under: folder) { path, known in
                let slash = path.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
                let folder = UnsafeRawBufferPointer(rebasing: path[..<slash])
                let name = UnsafeRawBufferPointer(rebasing: path[min(slash + 1, path.count)...])
                places[Self.hash(folder, name)] = UInt32(files.count)
                files.append(known)
            }
        }
    }

    /// The digest of the content of a file in a folder, where nothing that `stat` tells has changed.
    func digest(of name: [UInt8], in folder: FilePath, _ status: FileStatus) -> Digest? {
        let hash = folder.withPlatformString { folder in
            // The root's own name is a slash.
            let text = UnsafeRawBufferPointer(start: folder, count: strlen(folder))
            let start = UnsafeRawBufferPointer(rebasing: text.count == 1 ? text[..<0] : text[...])
            return name.withUnsafeBytes { Self.hash(start, $0) }
        }
        guard let place = places[hash] else { return nil }
        let known = files[Int(place)]
        return known.matches(status) ? known.digest : nil
    }

    private static func hash(_ folder: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: folder)
        hasher.combine(folder.count)
        hasher.combine(bytes: name)
        return hasher.finalize()
    }
}
