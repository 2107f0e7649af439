import OCI
import SystemIO
import SystemPackage

extension ArtifactStore {
    /// Creates what is missing of the layout and of our own folders.
    ///
    /// Refuses a folder that already holds something else, so that a mistyped path does not fill a home folder with
    /// blobs.
    static func prepareFolders(of path: FilePath) throws {
        let own = path.appending("ovenbird")
        let layout = path.appending("oci-layout")
        // One look at the folder decides, since another process may be making the store just now: own folder first.
        let names = Files.exists(path) ? try Files.names(in: path).map(\.string) : []
        if !names.isEmpty, !names.contains("ovenbird"), !names.contains("oci-layout") {
            throw StoreError.notAStore(path: path.string, reason: "the folder holds other things")
        }
        try Files.makeFolder(own.appending("locks"))
        let lock = try FileLock.acquire(own.appending("locks/layout"), .exclusive)
        defer { lock.release() }
        for name in ["tmp", "listings", "cache", "logs"] { try Files.makeFolder(own.appending(name)) }
        for owner in RootOwner.allCases { try Files.makeFolder(own.appending("roots").appending(owner.rawValue)) }
        try Files.makeFolder(path.appending("blobs/sha256"))
        if Files.exists(layout) { try checkLayout(layout) } else { try writeLayout(layout) }
        let index = path.appending("index.json")
        if !Files.exists(index) {
            try replace(index, with: ImageIndex(manifests: []).json.canonicalBytes, through: own.appending("tmp"))
        }
    }

    private static func writeLayout(_ file: FilePath) throws {
        let marker = JSONValue.object(["imageLayoutVersion": .string(layoutVersion)])
        try replace(
            file,
            with: marker.canonicalBytes,
            through: file.removingLastComponent().appending("ovenbird/tmp")
        )
    }

    /// Source: OCI image specification 1.1, image-layout.md, "oci-layout file".
    private static func checkLayout(_ file: FilePath) throws {
        let version: String?
        do {
            version = try JSONValue.parse(try Files.read(file, limit: 4096))["imageLayoutVersion"]?.stringValue
        } catch let error as DocumentError {
            throw StoreError.notAStore(path: file.removingLastComponent().string, reason: "its 'oci-layout': \(error)")
        }
        guard version == layoutVersion else {
            throw StoreError.notAStore(
                path: file.removingLastComponent().string,
                reason: "its 'oci-layout' has version '\(version ?? "")', and only \(layoutVersion) is known"
            )
        }
    }

    private static let layoutVersion = "1.0.0"
}
