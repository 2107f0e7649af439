import OCI
import Synchronization

/// What became of a blob that was to be in a repository.
package enum BlobPush: Sendable, Hashable {
    case present
    /// Taken over from another repository of the registry.
    case mounted
    case uploaded
}

extension RepositoryClient {
    /// Sees to it that the repository has a blob: asks for it, tries to mount it, and uploads it.
    ///
    /// `others` are repositories of the same registry that may have it; each costs a request.
    func push(
        _ source: BlobSource,
        mountingFrom others: [String],
        exceptFor silent: SilentRepositories
    ) async throws -> BlobPush {
        if try await hasBlob(source.descriptor) { return .present }
        var start: UploadStart?
        // A mount that is refused opens an upload, and nobody may close it: one is tried, and what it opened is used.
        if let other = await holder(of: source.descriptor, among: others, silent) {
            start = try await startUpload(source.descriptor, from: other)
            // Said to be there is not there: a client that trusts this leaves an image without a layer.
            if case .mounted = start, try await hasBlob(source.descriptor) { return .mounted }
        }
        var upload = BlobUpload(self, source)
        do {
            try await upload.run(from: start)
        } catch is AlreadyThere {
            return .uploaded
        }
        guard try await hasBlob(source.descriptor) else {
            throw RegistryError(
                .wrongContent,
                "'\(name)' took the blob '\(source.descriptor.digest)' and does not have it"
            )
        }
        return .uploaded
    }

    /// Sees to it that the repository has a blob, without a look at other repositories.
    package func push(_ source: BlobSource) async throws -> BlobPush {
        try await push(source, mountingFrom: [], exceptFor: SilentRepositories())
    }

    /// The first of the repositories that has the blob.
    private func holder(
        of blob: ContentDescriptor,
        among others: [String],
        _ silent: SilentRepositories
    ) async -> String? {
        var client = self
        client.triesOnce = true
        for other in others where other != repository && !silent.contains("\(host)/\(other)") {
            do {
                if try await client.hasBlob(blob, in: other) { return other }
            } catch {
                // Whatever it was, an upload needs nothing of another repository.
                silent.insert("\(host)/\(other)")
            }
        }
        return nil
    }
}

/// Repositories that gave no answer in a push, and are not asked again.
final class SilentRepositories: Sendable {
    private let names = Mutex<Set<String>>([])

    func contains(_ name: String) -> Bool { names.withLock { $0.contains(name) } }

    func insert(_ name: String) { names.withLock { _ = $0.insert(name) } }
}
