import Attestations
import Bakefiles
import Baking
import ContainerImages
import Diagnostics
import OCI
import Rollouts
import Store
import SystemIO
import SystemPackage

/// Says of the images of a bake what is in them and how they came to be.
struct Attesting: Sendable {
    let store: ArtifactStore

    /// The bill of materials of each image, by name, and what the makers of the images should know.
    ///
    /// One after another, so that there is one image's list of files in memory.
    func billsOfMaterials(
        of images: [LayeredImage]
    ) throws -> (sboms: [String: Digest], warnings: [Diagnostic]) {
        var sboms: [String: Digest] = [:]
        var warnings: [Diagnostic] = []
        for image in images {
            // What is in an image for several platforms is said of each of them; what is in an AMI nobody knows here.
            guard let finished = image.finished, image.members.isEmpty, image.sourceAMI == nil else { continue }
            let bill = try BillOfMaterials(of: finished.identity, named: image.name, in: store) {
                let stored = try StoredImage(manifest: finished.manifest, in: store)
                let root = try LayerCatalog(store: store).root(of: image.layers)
                FreedMemory.giveBack()
                return AttestedImage(
                    config: stored.config,
                    isMachine: stored.isMachine,
                    tree: root.tree,
                    blobs: root.blobs
                )
            }
            sboms[image.name] = bill.blob.digest
            warnings += bill.warning.map { [$0] } ?? []
        }
        return (sboms, warnings)
    }

    /// Puts the statements that a release names into the store.
    func store(_ release: Release) throws {
        for (name, provenance) in try statements(of: release) {
            let bytes = provenance.canonicalBytes
            // That of a release that a push left was made by the bake before it.
            guard release.images[name]?.attestations?.provenance == Digester.digest(of: bytes) else { continue }
            try store.putBlob(bytes)
        }
    }

    /// The provenance of each image of a release, sorted by name.
    func statements(of release: Release) throws -> [(name: String, provenance: Provenance)] {
        try release.provenances(packages: packageLists(of: release)).sorted { $0.key < $1.key }
            .map { (name: $0.key, provenance: $0.value) }
    }

    /// The lists of packages that a release names by their digests, from the store.
    func packageLists(of release: Release) throws -> [Digest: PackageList] {
        var lists: [Digest: PackageList] = [:]
        for digest in release.packageLists {
            let text = String(decoding: try store.readBlob(digest, limit: 16 << 20), as: UTF8.self)
            guard let list = PackageList(reading: text) else {
                throw StoreError.blobDamaged(digest, reason: "it is no list of packages")
            }
            lists[digest] = list
        }
        return lists
    }

    /// The Bakefile and the files beside it, with their digests.
    ///
    /// What is no regular file, such as a pipe with values of variables, cannot be read again; the values themselves are
    /// in the release.
    static func sources(of bakefile: Bakefile) throws -> [Release.Source] {
        let here = try Files.currentFolder()
        return try bakefile.sources.compactMap { name in
            let path = here.pushing(FilePath(name)).lexicallyNormalized()
            guard let file = try? Descriptor.openForReading(path), try file.status().kind == .regular else {
                return nil
            }
            var inside = path
            let isInside = inside.removePrefix(bakefile.folder.lexicallyNormalized())
            return Release.Source(
                path: isInside ? inside.string : path.lastComponent?.string ?? name,
                digest: Digester.digest(of: try file.readAll(limit: 64 << 20))
            )
        }
    }
}
