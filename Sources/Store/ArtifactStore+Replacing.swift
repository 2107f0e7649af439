package import SystemIO
import SystemPackage

extension ArtifactStore {
    /// Keeps the cached listing of a layer.
    package func putListing(_ bytes: [UInt8], of layer: Digest) throws {
        try requireWriting("keep the listing of a layer")
        try Self.replace(listingPath(layer), with: bytes, through: temporaryFolder)
    }

    /// Writes a small file of the store, which appears whole or not at all.
    ///
    /// It grows in `tmp` under a lock, so that the next bake knows what a killed process has left.
    static func replace(_ path: FilePath, with bytes: [UInt8], through folder: FilePath) throws {
        let file = try LiveFile.create(in: folder, prefix: "file")
        do {
            try file.descriptor.write(bytes)
            try file.descriptor.sync()
            try Files.rename(file.path, to: path)
        } catch {
            try? Files.removeFile(file.path)
            throw error
        }
        try Files.syncFolder(path.removingLastComponent())
    }
}
