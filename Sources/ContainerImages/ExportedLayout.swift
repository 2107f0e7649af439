import Glibc
import Layers
import OCI
package import Store
import SystemIO
import SystemPackage

/// An image, for one platform or for several, as the files of an OCI layout: what a folder, an OCI archive and a docker
/// archive have in common.
package struct ExportedLayout {
    /// `oci-layout`, `index.json` and, for engines, `manifest.json`.
    package let documents: [(name: String, bytes: [UInt8])]
    /// Config, layers and manifest, each once, in the order of their digests.
    package let blobs: [StoredBlob]

    /// `name` is what `index.json` calls the image; `engineNames` are `REPOSITORY:TAG` names for `docker load`.
    ///
    /// Without an engine name, and for several platforms, the layout has no `manifest.json`.
    package init(_ content: StoredContent, name: String?, engineNames: [String] = []) {
        var entry = content.descriptor
        entry.annotations[ContentDescriptor.referenceNameKey] = name
        // By this one containerd finds the name, by `manifest.json` all other engines do.
        entry.annotations["io.containerd.image.name"] = engineNames.first
        var documents = [
            ("index.json", ImageIndex(manifests: [entry]).json.canonicalBytes),
            ("oci-layout", JSONValue.object(["imageLayoutVersion": "1.0.0"]).canonicalBytes),
        ]
        if !engineNames.isEmpty, case .image(let image) = content {
            let manifest = JSONValue.array([
                .object([
                    "Config": .string(Self.path(of: image.identity)),
                    "RepoTags": .strings(engineNames),
                    "Layers": .strings(image.manifest.layers.map { Self.path(of: $0.digest) }),
                ])
            ])
            documents.append(("manifest.json", manifest.canonicalBytes))
        }
        self.documents = documents.sorted { precedes($0.0, $1.0) }.map { (name: $0.0, bytes: $0.1) }
        var sizes = [entry.digest: entry.size]
        for image in content.images {
            for part in [image.descriptor, image.manifest.config] + image.manifest.layers {
                sizes[part.digest] = part.size
            }
        }
        blobs = sizes.sorted { $0.key < $1.key }.map { StoredBlob(digest: $0.key, size: $0.value) }
    }

    private static func path(of digest: Digest) -> String { "blobs/sha256/\(digest.hex)" }

    /// Writes the files into an empty folder; each blob is verified on its way out.
    func write(to folder: FilePath, from store: ArtifactStore, cancellation: CancellationFlag) throws {
        let place = folder.appending("blobs/sha256")
        try Files.makeFolder(place)
        for blob in blobs {
            let file = try SystemIO.Descriptor.open(
                place.appending(blob.digest.hex),
                flags: O_WRONLY | O_CREAT | O_EXCL,
                mode: 0o644
            )
            try store.forEachPiece(ofBlob: blob.digest, size: blob.size) { piece in
                try cancellation.check()
                try file.write(piece)
            }
            try file.sync()
        }
        for document in documents { try AtomicFile.write(document.bytes, to: folder.appending(document.name)) }
    }

    /// Writes the files as one tar, the same bytes each time; each blob is verified on its way out.
    ///
    /// A blob that turns out damaged ends the tar without its end mark, so that no reader takes it for whole.
    func archive(
        from store: ArtifactStore,
        name: String,
        cancellation: CancellationFlag = CancellationFlag(),
        write: @escaping (UnsafeRawBufferPointer) throws(SystemError) -> Void
    ) throws {
        var writer = try TarWriter.open(name: name, write: write)
        try writer.append(.directory("blobs"))
        try writer.append(.directory("blobs/sha256"))
        for blob in blobs {
            let entry = TarEntry.regular(try EntryPath(Self.path(of: blob.digest)), size: blob.size)
            let reader = try store.makeReader(of: blob.digest, size: blob.size)
            var failure: (any Error)?
            do {
                try writer.append(entry) { (buffer) throws(LayerError) in
                    do {
                        try cancellation.check()
                        return try reader.read(into: buffer)
                    } catch {
                        failure = error
                        throw LayerError(.changed, name, "a blob cannot be read")
                    }
                }
            } catch {
                throw failure ?? error
            }
            try reader.expectEnd()
        }
        for document in documents {
            let entry = TarEntry.regular(try EntryPath(document.name), size: Int64(document.bytes.count))
            try writer.append(entry, bytes: document.bytes)
        }
        _ = try writer.finish()
    }
}

extension VerifiedReader {
    /// Proves that all has been read, and that it was what the digest names.
    func expectEnd() throws {
        let more = try withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { try read(into: $0) }
        precondition(more == 0, "a reader never gives more than its size")
    }
}
