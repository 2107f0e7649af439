import Glibc
import Rollouts
import Store

extension ArtifactStore {
    /// Records a release that differs from another one in its placements only, and gives it; the other one where even
    /// these are the same.
    func record(_ placed: Release, placedAfter release: Release) throws -> Release {
        let isSame = release.images.allSatisfy { name, image in
            Set(image.placements) == Set(placed.images[name]?.placements ?? [])
        }
        if isSame { return release }
        var new = placed
        new.parent = release.digest
        new.created = Int64(time(nil))
        let blob = try putBlob(new.canonicalBytes)
        try recordRelease(
            ReleaseRecord(
                digest: new.digest,
                project: new.project,
                parent: release.digest,
                createdAt: new.created,
                blob: blob.digest
            )
        )
        return new
    }
}
