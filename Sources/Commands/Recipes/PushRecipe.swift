import ContainerImages
import Diagnostics
import OCI
import Registry
import Rollouts
import Store
import SystemIO

/// From a release to registries, and to a release that says where its images are.
///
/// The content of all images first, then all tags or none.
struct PushRecipe: Sendable {
    /// An image and one of the places where it goes.
    struct Target: Sendable {
        let image: String
        /// With its tag.
        let reference: Reference
        /// The tag is the version, which never changes its meaning.
        let isVersion: Bool
    }

    struct Pushed: Sendable {
        let image: String
        let reference: String
        let manifest: Digest
        /// The artifacts that say something of it there.
        let referrers: [Digest]
        /// Neither content nor tag changed.
        let isUnchanged: Bool
        let uploadedBytes: Int64
        /// Blobs that the registry took from another of its repositories.
        let mounted: Int
    }

    let release: Release
    let store: ArtifactStore
    let session: RegistrySession
    /// Whether bills of materials and provenances go with the images.
    let attests: Bool
    /// How the layers of an image go out to one place.
    let form: @Sendable (Target) -> LayerForm

    func run(_ targets: [Target]) async throws -> (pushed: [Pushed], release: Release) {
        let push = ImagePush(session: session, store: store)
        var contents: [PushedTag] = []
        var attached: [AttachmentOutcome] = []
        // Repositories that are there now; others may not be yet.
        var relatives: [Reference] = []
        for target in targets {
            try await explaining(target) {
                guard let image = release.images[target.image] else { return }
                let stored = try await BlockingPool.shared.run {
                    try release.known(image, named: target.image).layers(in: store, to: "push")
                }
                let content = try await push.content(
                    of: stored,
                    to: target.reference,
                    packing: form(target).packing(in: store),
                    relatives: relatives
                )
                relatives.insert(target.reference, at: 0)
                attached.append(try await attach(to: content, what: image, named: target.image))
                guard let tag = target.reference.tag else { return }
                contents.append(PushedTag(content, tag: tag, isVersion: target.isVersion))
            }
        }
        let unchanged: Set<String>
        do {
            unchanged = try await push.tag(contents)
        } catch let error as RegistryError {
            throw CommandFailure(.internalError, [error.diagnostic("the images cannot be tagged, and none is")])
        } catch let left as TagsLeft {
            Console.say("the push was interrupted, and these tags may stand for what it brought: \(left.names)")
            throw CancellationError()
        }
        let pushed = zip(targets, zip(contents, attached)).map { target, done in
            let (tag, attached) = done
            return Pushed(
                image: target.image,
                reference: target.reference.description,
                manifest: tag.content.manifestDigest,
                referrers: attached.manifests,
                isUnchanged: tag.content.isUnchanged && attached.isUnchanged && unchanged.contains(tag.reference),
                uploadedBytes: tag.content.uploadedBytes + attached.uploadedBytes,
                mounted: tag.content.mounted
            )
        }
        return (pushed, try await BlockingPool.shared.run { try record(targets, pushed) })
    }

    /// What is said of the image, or of those for all platforms, each beside its own manifest.
    private func attach(
        to content: PushedContent,
        what image: ReleasedImage,
        named name: String
    ) async throws -> AttachmentOutcome {
        let said = try await BlockingPool.shared.run { try documents(of: image, named: name) }
        var outcome = said.isEmpty ? AttachmentOutcome() : try await attach(said, to: content)
        for part in content.parts {
            let member = image.platforms.values.first {
                release.images[$0].map { part.configs == [$0.identity] } ?? false
            }
            guard let member, let released = release.images[member] else { continue }
            outcome.count(try await attach(to: part, what: released, named: member))
        }
        return outcome
    }

    private func documents(of image: ReleasedImage, named name: String) throws -> [Attachment] {
        guard attests, let attestations = image.attestations else { return [] }
        return try attestations.attachments(in: store) { kind in
            Console.say("note: the store has the \(kind) of '\(name)' no more, and it is not pushed")
        }
    }

    /// Old registries take images and nothing else.
    private func attach(_ said: [Attachment], to content: PushedContent) async throws -> AttachmentOutcome {
        do {
            return try await content.attach(said)
        } catch var error as RegistryError where error.kind == .refused && error.fix == nil {
            error.fix = "if the registry takes no artifacts, push with '--no-attestations'"
            throw error
        }
    }

    private func explaining(_ target: Target, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as RegistryError {
            throw CommandFailure(.internalError, [error.diagnostic("cannot push '\(target.reference)'")])
        }
    }

    /// The release with its new placements; the old one where there are none.
    private func record(_ targets: [Target], _ pushed: [Pushed]) throws -> Release {
        var new = release
        for (target, done) in zip(targets, pushed) {
            let placement = Placement.registry(repository: target.reference.name, manifest: done.manifest)
            new.images[done.image]?.placements.removeAll { known in
                if case .registry(target.reference.name, _) = known { true } else { false }
            }
            new.images[done.image]?.placements.append(placement)
        }
        return try store.record(new, placedAfter: release)
    }
}

extension ImagePush {
    fileprivate func content(
        of stored: StoredContent,
        to destination: Reference,
        packing: LayerPacking,
        relatives: [Reference]
    ) async throws -> PushedContent {
        switch stored {
        case .image(let image):
            try await content(of: image.manifest, to: destination, packing: packing, relatives: relatives)
        case .platforms(let index):
            try await content(
                of: index.index,
                images: index.images.map(\.manifest),
                to: destination,
                packing: packing,
                relatives: relatives
            )
        }
    }
}
