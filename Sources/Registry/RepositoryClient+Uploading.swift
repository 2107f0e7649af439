import OCI

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
    /// `others` are repositories of the same registry that may have it.
    package func push(_ source: BlobSource, mountingFrom others: [String] = []) async throws -> BlobPush {
        if try await hasBlob(source.descriptor) { return .present }
        var start: UploadStart?
        for other in others where other != repository {
            switch try await startUpload(source.descriptor, from: other) {
            case .mounted:
                // Said to be there is not there: a client that trusts this leaves an image without a layer.
                if try await hasBlob(source.descriptor) { return .mounted }
                start = nil
            case let session: start = session
            }
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
}
