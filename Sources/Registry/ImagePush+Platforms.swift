package import OCI
import SystemIO

extension ImagePush {
    /// Puts the images for all platforms, and an index of them as they are there; tags nothing.
    ///
    /// `images` are the manifests that `index` names, in its order. Source: OCI image specification 1.1, image-index.md.
    package func content(
        of index: ImageIndex,
        images: [ImageManifest],
        to destination: Reference,
        packing: LayerPacking,
        relatives: [Reference] = []
    ) async throws -> PushedContent {
        var entries: [ContentDescriptor] = []
        var parts: [PushedContent] = []
        for (var entry, image) in zip(index.manifests, images) {
            let part = try await content(of: image, to: destination, packing: packing, relatives: relatives)
            entry.digest = part.manifestDigest
            entry.size = Int64(part.manifest.bytes.count)
            entries.append(entry)
            parts.append(part)
        }
        let whole = ImageIndex(manifests: entries)
        let received = ReceivedManifest(mediaType: whole.mediaType, own: whole.json.canonicalBytes)
        let client = try session.repository(destination, forPushing: true)
        var pushed = PushedContent(client: client, manifest: received, configs: parts.flatMap(\.configs))
        pushed.parts = parts
        for part in parts { pushed.count(part) }
        if try await client.manifestDigest(received.digest.description) == received.digest {
            pushed.isUnchanged = parts.allSatisfy(\.isUnchanged)
            return pushed
        }
        try await client.putManifest(received, as: received.digest.description)
        return pushed
    }
}
