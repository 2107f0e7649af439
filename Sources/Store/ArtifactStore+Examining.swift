package import SystemIO
import SystemPackage

extension ArtifactStore {
    /// What the rooms above know of documents that are only bytes here.
    package struct Experts: Sendable {
        /// Says what is wrong with the cached listing of a layer, which may be read from the blob; nil if nothing.
        package var listing: @Sendable (_ layer: Digest, _ cached: [UInt8], _ store: ArtifactStore) -> String?
        /// Says what is wrong with the document of a release; nil if nothing.
        package var release: @Sendable (_ bytes: [UInt8], _ digest: Digest) -> String?

        package init(
            listing: @escaping @Sendable (Digest, [UInt8], ArtifactStore) -> String?,
            release: @escaping @Sendable ([UInt8], Digest) -> String?
        ) {
            self.listing = listing
            self.release = release
        }
    }

    /// Verifies everything, `jobs` blobs at a time, and writes nothing.
    ///
    /// Blobs and rows that come or go meanwhile are no findings: a blob that is gone once it is to be hashed was removed.
    package func examine(jobs: Int, experts: Experts) async throws -> StoreExamination {
        var examination = StoreExamination()
        examination.findings += try await BlockingPool.shared.run { [self] in layoutFindings() + indexFindings() }
        let all = try await BlockingPool.shared.run { [self] in try blobs() }
        let bad = try await hash(all, jobs: jobs, &examination)
        let references = try await BlockingPool.shared.run { [self] in try knownContent() }
        examination.imageCount = references.imageCount
        examination.releaseCount = references.releases.count
        examination.findings += bad.sorted { $0.key < $1.key }.map { digest, problem in
            StoreFinding(
                .blob,
                digest.description,
                problem,
                concerns: references.users(of: digest),
                fix: references.fix(of: digest)
            )
        }
        examination.findings += references.missing
        examination.findings += try await BlockingPool.shared.run { [self] in
            try releaseFindings(references, bad, experts) + listingFindings(bad, experts) + leftovers()
        }
        return examination
    }

    /// Hashes the blobs; answers what is wrong with which.
    private func hash(
        _ blobs: [Digest],
        jobs: Int,
        _ examination: inout StoreExamination
    ) async throws -> [Digest: String] {
        var bad: [Digest: String] = [:]
        var rest = blobs.makeIterator()
        try await withThrowingTaskGroup(of: (Digest, Int64, String?).self) { group in
            func start() {
                guard let digest = rest.next() else { return }
                group.addTask {
                    try Task.checkCancellation()
                    return try await BlockingPool.shared.run { [self] in try verdict(on: digest) }
                }
            }
            for _ in 0..<max(1, jobs) { start() }
            while let (digest, size, problem) = try await group.next() {
                examination.blobCount += 1
                examination.byteCount += size
                bad[digest] = problem
                start()
            }
        }
        return bad
    }

    private func verdict(on digest: Digest) throws -> (Digest, Int64, String?) {
        let size = blobSize(digest) ?? 0
        do {
            try verify(digest)
            return (digest, size, nil)
        } catch StoreError.blobDamaged(_, let reason) {
            return (digest, size, reason)
        } catch StoreError.blobMissing where blobSize(digest) == nil {
            return (digest, 0, nil)
        } catch let error as SystemError {
            return (digest, size, error.description)
        }
    }

    private func releaseFindings(
        _ content: KnownContent,
        _ bad: [Digest: String],
        _ experts: Experts
    ) throws -> [StoreFinding] {
        try content.releases.compactMap { release in
            if bad[release.blob] != nil || !hasBlob(release.blob) { return nil }
            let problem = experts.release(try readBlob(release.blob, limit: 64 << 20), release.digest)
            return problem.map {
                StoreFinding(
                    .release,
                    release.digest.description,
                    $0,
                    concerns: ["project '\(release.project)'"],
                    fix: "bake again with '--after' and a copy of the release, such as that in the output folder"
                )
            }
        }
    }

    private func listingFindings(_ bad: [Digest: String], _ experts: Experts) throws -> [StoreFinding] {
        let folder = ownFolder.appending("listings")
        guard Files.exists(folder) else { return [] }
        return try Files.names(in: folder).compactMap { name in
            guard let layer = Digest(hex: name.string), hasBlob(layer), bad[layer] == nil,
                let bytes = try? Files.read(listingPath(layer), limit: 1 << 30),
                let problem = experts.listing(layer, bytes, self)
            else { return nil }
            return StoreFinding(
                .listing,
                "ovenbird/listings/\(name.string)",
                problem,
                concerns: ["layer \(layer.short)"],
                fix: "remove the file '\(listingPath(layer))': the next bake makes it anew"
            )
        }
    }

    /// What dead processes have left; the files of the living are locked.
    private func leftovers() throws -> [StoreFinding] {
        guard Files.exists(temporaryFolder) else { return [] }
        let names = try Files.names(in: temporaryFolder).filter { name in
            let path = temporaryFolder.appending(name)
            let isFolder = (try? FileStatus.ofExisting(path))?.kind == .directory
            return (try? LiveFile.takeOver(isFolder ? FilePath(path.string + WorkFolder.lockSuffix) : path)) != nil
        }
        return names.map {
            StoreFinding(
                .leftover,
                "ovenbird/tmp/\($0.string)",
                "its process is no more",
                fix: "nothing has to be done: the next bake removes it"
            )
        }
    }
}
