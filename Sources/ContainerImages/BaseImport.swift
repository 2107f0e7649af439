package import Diagnostics
import Glibc
package import Layers
package import OCI
package import Store
package import SystemIO
package import SystemPackage

extension DiagnosticIdentifier {
    /// A base that is there and cannot be used: damaged, hostile, or of a kind that ovenbird does not read.
    package static let invalidBase: Self = "invalid-base"
    /// A layout or archive has no image of the name.
    package static let unknownTag: Self = "unknown-tag"
    /// A layout or archive has several images, and no name says which.
    package static let ambiguousBase: Self = "ambiguous-base"
    /// A base has no image for this platform.
    package static let missingPlatform: Self = "missing-platform"
}

/// An image from outside, as layers of our store.
package struct ImportedBase: Sendable, Hashable {
    /// Uncompressed and verified, lowest first.
    package let layers: [StoredBlob]
    /// nil for a root, which has none.
    package let config: ImageConfig?
    /// Of what was named: the identity of the image, or the digest of the root's layer.
    package let digest: Digest
    /// Of a layout: what its index names, a manifest or an index of manifests.
    package let entry: Digest?

    package init(layers: [StoredBlob], config: ImageConfig?, digest: Digest, entry: Digest? = nil) {
        self.layers = layers
        self.config = config
        self.digest = digest
        self.entry = entry
    }
}

/// Brings a base from a file or folder into the store: `from: { oci | docker-archive | rootfs }`.
///
/// What is read may be hostile: digests and sizes are verified before anything is used, every tar is read through, and
/// nothing but blobs is written. Blocks; call from `BlockingPool`. What the user has to correct is thrown as `InvalidInput`,
/// what the world did as `SystemError` or `StoreError`.
package struct BaseImport: Sendable {
    let store: ArtifactStore
    /// What the image is to run on.
    let platform: Platform
    /// The base as the user named it, for messages.
    let name: String
    /// Of `from:` in the Bakefile.
    let place: SourcePlace?
    let limits: ArchiveLimits

    package init(
        store: ArtifactStore,
        platform: Platform,
        name: String,
        place: SourcePlace?,
        limits: ArchiveLimits = .standard
    ) {
        self.store = store
        self.platform = platform
        self.name = name
        self.place = place
        self.limits = limits
    }

    /// A tar of a root file system, compressed or not, as one layer that `LayerNormalizer` makes of it.
    ///
    /// No modification time in it is later than `latestTime`: seconds since 1970.
    package func rootfs(_ path: FilePath, latestTime: Int64) throws -> ImportedBase {
        try explaining {
            let file = try openFile(path)
            let work = try store.makeWorkFolder("import")
            let spool = try SystemIO.Descriptor.open(
                work.path.appending("spool"),
                flags: O_RDWR | O_CREAT | O_EXCL,
                mode: 0o600
            )
            let blob = try store.makeBlobWriter(limit: limits.totalBytes)
            var writer = try TarWriter.open(name: name) { (bytes) throws(SystemError) in try blob.write(bytes) }
            try LayerNormalizer.normalize(
                file,
                name: name,
                spool: spool,
                options: LayerNormalizer.Options(latestTime: latestTime, limits: limits),
                into: &writer
            )
            let written = try writer.finish()
            let stored = try blob.finish(expecting: written.digest, size: written.size)
            return ImportedBase(layers: [stored], config: nil, digest: stored.digest)
        }
    }

    /// Turns what a document or an archive has wrong into a mistake of the base; what the system refused stays as it is.
    func explaining<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DocumentError {
            throw invalid(error.description)
        } catch let error as LayerError {
            if case .system(let error) = error.problem { throw error }
            throw invalid(error.entry.map { "entry '\($0)': \(error.message)" } ?? error.message)
        }
    }

    func invalid(_ why: String) -> InvalidInput {
        InvalidInput(Diagnostic(at: place, "the base '\(name)' cannot be used", .invalidBase, why: why))
    }

    /// Opens a regular file, whatever its name leads to; a FIFO must not make us wait.
    ///
    /// `part` is its name in a layout, for messages.
    func openFile(_ path: FilePath, part: String? = nil) throws -> SystemIO.Descriptor {
        let file = try SystemIO.Descriptor.openForReadingWithoutWaiting(path)
        guard try file.status().kind == .regular else {
            throw invalid(part.map { "its '\($0)' is not a file" } ?? "it is not a file")
        }
        return file
    }
}
