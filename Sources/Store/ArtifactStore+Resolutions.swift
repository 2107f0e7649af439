package import SystemIO
import SystemPackage

extension ArtifactStore {
    private static let resolutionLimit = 16 << 20

    var resolutionsFolder: FilePath { ownFolder.appending("resolved") }

    /// What a moving reference meant, in the caller's form, under a digest of the caller's; nil where nothing is kept.
    package func resolution(_ key: Digest) throws -> [UInt8]? {
        let path = resolutionsFolder.appending(key.hex)
        guard try FileStatus.ofExisting(path) != nil else { return nil }
        return try Files.read(path, limit: Self.resolutionLimit)
    }

    /// Keeps what a moving reference meant, in the place of what was kept before; it appears whole or not at all.
    package func putResolution(_ bytes: [UInt8], for key: Digest) throws {
        try requireWriting("keep what was resolved")
        try Files.makeFolder(resolutionsFolder)
        try AtomicFile.write(bytes, to: resolutionsFolder.appending(key.hex))
    }
}
