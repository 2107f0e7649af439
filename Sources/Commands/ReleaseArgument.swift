import Bakefiles
import Diagnostics
import Rollouts
import Store
import SystemIO
import SystemPackage

/// How a user names a release: a file, or the digest of one in the store, or the start of its digits.
struct ReleaseArgument {
    let text: String

    /// The release with its digest.
    func read(store: () throws -> ArtifactStore) throws -> (release: Release, digest: Digest) {
        if Files.exists(FilePath(text)) {
            let release = try Release(reading: try Files.read(FilePath(text)), name: text)
            return (release, release.digest)
        }
        let store = try store()
        let digits = text.hasPrefix("sha256:") ? String(text.dropFirst(7)) : text
        let records = try store.releases(digestPrefix: digits)
        guard let record = records.first else {
            throw InvalidInput(
                Diagnostic(
                    "there is no release '\(text)'",
                    .releaseNotFound,
                    why: "it is neither a file nor the digest of a release in the store",
                    fix: "'ovenbird history' lists the releases of the project"
                )
            )
        }
        if records.count > 1 {
            throw InvalidInput(
                Diagnostic(
                    "'\(text)' is the start of several releases' digests",
                    .releaseAmbiguous,
                    fix: "write more of its digits"
                )
            )
        }
        return (try Self.load(record, from: store), record.digest)
    }

    /// The newest release of a project, nil where none was baked.
    static func newest(of project: String, in store: ArtifactStore) throws -> (release: Release, digest: Digest)? {
        guard let record = try store.releases(project: project).first else { return nil }
        return (try load(record, from: store), record.digest)
    }

    /// The release that a user named, else the newest; one of another project is refused.
    static func of(_ bakefile: Bakefile, named text: String?, store: () throws -> ArtifactStore) throws -> Release {
        if let text {
            let found = try ReleaseArgument(text: text).read(store: store).release
            if found.project == bakefile.project { return found }
            throw InvalidInput(
                Diagnostic(
                    "the release '\(text)' is one of the project '\(found.project)', not of '\(bakefile.project)'",
                    .foreignRelease,
                    why: "images of the same name are other images there",
                    fix: "name a release of '\(bakefile.project)': 'ovenbird history' lists them"
                )
            )
        }
        guard let newest = try newest(of: bakefile.project, in: try store()) else {
            throw InvalidInput(
                Diagnostic(
                    "the store has no release of '\(bakefile.project)'",
                    .releaseNotFound,
                    fix: "run 'ovenbird bake', or name a release with '--release FILE'"
                )
            )
        }
        return newest.release
    }

    static func load(_ record: ReleaseRecord, from store: ArtifactStore) throws -> Release {
        let bytes = try store.readBlob(record.blob, limit: 64 << 20)
        return try Release(reading: bytes, name: "release \(record.digest.short)")
    }
}
