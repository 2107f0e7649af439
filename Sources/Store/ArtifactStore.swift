import GRDB
package import SystemIO
package import SystemPackage

/// All that bakes leave behind: blobs in an OCI layout that any OCI tool reads, and an index of what they mean.
///
///     oci-layout, index.json, blobs/sha256/HEX   the OCI image layout
///     ovenbird/index.sqlite                      results, file digests, bakes, images, versions, releases
///     ovenbird/locks/, tmp/, roots/, listings/, cache/, logs/, registrations/,
///     instance-bakes/
///
/// Several processes may use a store at once. Every call blocks; call from `BlockingPool`. Blobs decide: a row of the
/// index whose blobs are gone is as good as no row, so the index may be deleted at the price of baking again (versions
/// and releases excepted).
package final class ArtifactStore: Sendable {
    package enum Mode: Sendable, Hashable {
        /// Creates and changes nothing, not even SQLite's own files; a store that is not there answers "nothing known".
        case readOnly
        case readWrite
    }

    package let path: FilePath
    package let mode: Mode
    /// Nil where a read-only store has no index: everything is unknown then.
    let index: StoreIndex?

    private init(path: FilePath, mode: Mode, index: StoreIndex?) {
        self.path = path
        self.mode = mode
        self.index = index
    }

    /// Opens a store; `readWrite` creates what is missing.
    ///
    /// Throws `StoreError.newerFormat` for the store of a newer program, `StoreError.notAStore` for a folder that holds
    /// something else.
    package static func open(at path: FilePath, mode: Mode) throws -> ArtifactStore {
        // Programs that we start have other current folders.
        let path = path.isAbsolute ? path : try Files.currentFolder().pushing(path)
        switch mode {
        case .readOnly:
            return ArtifactStore(path: path, mode: mode, index: try StoreIndex.openForReading(indexPath(of: path)))
        case .readWrite:
            try prepareFolders(of: path)
            let lock = try FileLock.acquire(path.appending("ovenbird/locks/open"), .exclusive)
            defer { lock.release() }
            return ArtifactStore(path: path, mode: mode, index: try StoreIndex.openForWriting(indexPath(of: path)))
        }
    }

    private static func indexPath(of path: FilePath) -> FilePath { path.appending("ovenbird/index.sqlite") }

    /// There is something to read.
    package var exists: Bool { index != nil || Files.exists(path.appending("oci-layout")) }

    /// Everything that only we understand.
    package var ownFolder: FilePath { path.appending("ovenbird") }
    package var locksFolder: FilePath { ownFolder.appending("locks") }
    package var temporaryFolder: FilePath { ownFolder.appending("tmp") }
    /// Where downloads and package caches live; anything in it may be deleted.
    package var cacheFolder: FilePath { ownFolder.appending("cache") }
    /// What was begun and done in accounts of AWS: without it a snapshot has no parent, and a killed run begins anew.
    package var registrationsFolder: FilePath { ownFolder.appending("registrations") }
    /// The bakes on machines of AWS that are not over: without it a killed run leaves its machine to its deadline.
    package var instanceBakesFolder: FilePath { ownFolder.appending("instance-bakes") }
    /// Logs of bakes.
    package var logsFolder: FilePath { ownFolder.appending("logs") }

    /// Where the listing of a layer is cached: the caller's format, and his to create atomically.
    package func listingPath(_ diffID: Digest) -> FilePath {
        ownFolder.appending("listings").appending(diffID.hex)
    }

    /// Where unpacked layers are kept.
    package func rootsFolder(_ owner: RootOwner) -> FilePath {
        ownFolder.appending("roots").appending(owner.rawValue)
    }

    /// Whose files an unpacked layer has: the same layer unpacked by root and by a user with sub-ids differs on disk.
    package enum RootOwner: String, Sendable, CaseIterable {
        case real
        case mapped
    }

    /// Throws unless the store may be changed.
    func requireWriting(_ action: String) throws(StoreError) {
        guard mode == .readWrite else { throw StoreError.openedForReading(action: action) }
    }
}
