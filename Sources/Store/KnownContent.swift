import GRDB
import OCI
import SystemIO
import SystemPackage

/// What names and rows say is in the store, and what of it is not.
struct KnownContent: Sendable {
    var imageCount = 0
    var releases: [ReleaseRecord] = []
    var missing: [StoreFinding] = []
    /// Blob -> what it belongs to.
    private var uses: [Digest: Set<String>] = [:]

    func users(of blob: Digest) -> [String] { uses[blob, default: []].sorted() }

    func fix(of blob: Digest) -> String {
        uses[blob] == nil
            ? "nothing uses it: 'ovenbird gc' removes it"
            : "remove the file 'blobs/sha256/\(blob.hex)' in the store and bake again"
    }

    mutating func add(_ user: String, uses blob: Digest) { uses[blob, default: []].insert(user) }

    /// Notes a manifest and what it names; what is not there with its size is a finding.
    mutating func add(_ user: String, manifest: Digest, size: Int64?, in store: ArtifactStore) {
        add(user, uses: manifest)
        guard demand(manifest, size, for: user, in: store) else { return }
        // A manifest that cannot be read is damaged, and that is found by its digest.
        guard let bytes = try? store.readBlob(manifest, limit: DocumentLimit.bytes) else { return }
        if let index = try? ImageIndex(decoding: bytes) {
            for entry in index.manifests { add(user, manifest: entry.digest, size: entry.size, in: store) }
            return
        }
        guard let document = try? ImageManifest(decoding: bytes) else { return }
        for blob in [document.config] + document.layers {
            add(user, uses: blob.digest)
            _ = demand(blob.digest, blob.size, for: user, in: store)
        }
    }

    mutating func demand(_ blob: Digest, _ size: Int64?, for user: String, in store: ArtifactStore) -> Bool {
        let found = store.blobSize(blob)
        if let found, size.map({ $0 == found }) ?? true { return true }
        missing.append(
            StoreFinding(
                .missing,
                blob.description,
                found.map { "it has \($0) bytes, not \(size ?? 0)" } ?? "there is no such blob",
                concerns: [user],
                fix: "bake again, or 'ovenbird gc --keep releases=COUNT' where an old release is not needed any more"
            )
        )
        return false
    }
}

extension ArtifactStore {
    /// Follows all names and rows; what a collection has given up is not named by rows any more.
    func knownContent() throws -> KnownContent {
        var content = KnownContent()
        let names = (try? references()) ?? [:]
        for (name, entry) in names.sorted(by: { $0.key < $1.key }) {
            content.add("'\(name)' in index.json", manifest: entry.digest, size: entry.size, in: self)
        }
        // A damaged index has a finding of its own.
        let images = (try? query(none: []) { try StoreRoots.images($0) }) ?? []
        content.imageCount = images.count
        for row in images {
            let version = names.first {
                $0.value.digest == row.manifest && $0.key.hasPrefix("\(row.project).\(row.image).")
            }
            let suffix = version.map { String($0.key.dropFirst("\(row.project).\(row.image).".count)) }
            let title = "image '\(row.image)' of project '\(row.project)'" + (suffix.map { ", version \($0)" } ?? "")
            content.add(title, manifest: row.manifest, size: nil, in: self)
        }
        content.releases = (try? query(none: []) { try ReleaseRecord.all($0) }) ?? []
        for release in content.releases {
            let user = "release \(release.digest.short) of project '\(release.project)'"
            content.add(user, uses: release.blob)
            _ = content.demand(release.blob, nil, for: user, in: self)
        }
        let layers = try? query(none: []) { database in
            try Row.fetchAll(database, sql: "SELECT digest FROM step_layer").map { try $0.digest("digest") }
        }
        for layer in layers ?? [] { content.add("the result of a step", uses: layer) }
        return content
    }

    func layoutFindings() -> [StoreFinding] {
        var findings: [StoreFinding] = []
        if !Files.exists(path.appending("oci-layout")) {
            findings.append(
                StoreFinding(.index, "oci-layout", "there is no such file", fix: "any bake writes it anew")
            )
        }
        do {
            _ = try references()
        } catch {
            findings.append(
                StoreFinding(
                    .index,
                    "index.json",
                    "\(error)",
                    fix: "remove the file and bake again, which names the images anew"
                )
            )
        }
        return findings
    }

    func indexFindings() -> [StoreFinding] {
        let fix =
            "remove 'ovenbird/index.sqlite' with its '-wal' and '-shm' and bake with '--after' and the last release"
        do {
            let problems = try query(none: [String]()) { database in
                let texts = try String.fetchAll(database, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
                let orphans = try String.fetchAll(database, sql: "SELECT [table] FROM pragma_foreign_key_check")
                return texts + orphans.map { "a row of '\($0)' refers to none" }
            }
            return problems.map { StoreFinding(.index, "ovenbird/index.sqlite", $0, fix: fix) }
        } catch {
            return [StoreFinding(.index, "ovenbird/index.sqlite", "\(error)", fix: fix)]
        }
    }
}
