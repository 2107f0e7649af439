import Store
import SystemIO
import SystemPackage

/// The digests that the store knows of files, by their paths: about 100 bytes for each.
struct KnownFiles {
    private var files = Pieces<KnownFileDigest>()
    /// By the hash of the path: of two files with one hash one is read again, since their facts tell them apart.
    private var places: [Int: UInt32] = [:]

    init(under folders: [FilePath], in store: ArtifactStore) throws {
        for folder in folders {
            try store.forEachFileDigest(under: folder) { path, known in
                places[path.hashValue] = UInt32(files.count)
                files.append(known)
            }
        }
    }

    /// The digest of a file's content where nothing that `stat` tells has changed.
    func digest(of path: FilePath, _ status: FileStatus) -> Digest? {
        guard let place = places[path.hashValue] else { return nil }
        let known = files[Int(place)]
        return known.matches(status) ? known.digest : nil
    }
}
