import ContainerImages
import OCI
import Rollouts
import Store
import SystemIO

/// An image of the store, with all its names.
struct KnownImage: Hashable {
    let project: String
    let name: String
    let identity: Digest
    let manifest: Digest
    /// nil where no bake gave it one, which only an interrupted bake does.
    let version: String?
    /// Seconds since 1970.
    let bakedAt: Int64
    let release: Digest?

    /// Name and version, such as `web 1.4.0`.
    var title: String { version.map { "\(name) \($0)" } ?? name }

    /// Reads manifest and config, or those of all platforms.
    func content(in store: ArtifactStore) throws -> StoredContent { try StoredContent(manifest: manifest, in: store) }
}

extension Release {
    /// One of its images, by the name that it has there.
    func known(_ image: ReleasedImage, named name: String) -> KnownImage {
        KnownImage(
            project: project,
            name: name,
            identity: image.identity,
            manifest: image.manifest,
            version: image.version,
            bakedAt: created,
            release: digest
        )
    }
}

extension ArtifactStore {
    /// What each name stands for now, by project and name.
    func knownImages(project: String? = nil) throws -> [KnownImage] {
        try images(project: project).map { try stored($0) }
    }

    /// All that a name has stood for, newest first.
    func knownHistory(project: String, image: String) throws -> [KnownImage] {
        try imageHistory(project: project, image: image).map { try stored($0) }
    }

    /// Every image with this identity.
    func knownImages(identity: Digest) throws -> [KnownImage] {
        try images(identity: identity).map { try stored($0) }
    }

    private func stored(_ image: BakedImage) throws -> KnownImage {
        KnownImage(
            project: image.project,
            name: image.image,
            identity: image.identity,
            manifest: image.manifest,
            version: try versions(project: image.project, image: image.image, identity: image.identity).first?.version,
            bakedAt: image.bakedAt,
            release: image.release
        )
    }
}
