import GRDB
import OCI
package import SystemIO
import SystemPackage

extension ArtifactStore {
    /// Finds what nothing refers to; changes nothing, so a store that was opened for reading will do.
    ///
    /// Whoever wants to remove it holds `tryLockAgainstBakes` from before this call to the end of the removing. Throws
    /// `StoreError.blobDamaged` where a document is damaged that says what belongs to an image.
    ///
    /// `request` reads what was kept with `putResolution`: it gives the request that it answers, nil where it cannot tell.
    package func garbage(
        beside rule: KeepRule,
        now: Int64,
        request: ([UInt8]) -> Digest? = { _ in nil }
    ) throws -> Garbage {
        guard exists else { return Garbage() }
        let roots = try query(none: StoreRoots()) { try StoreRoots.read($0, rule, now: now) }
        var marks = BlobMarks(store: self)
        for document in roots.releaseDocuments { marks.keep(document) }
        var mentioned: Set<Digest> = []
        for document in roots.keptReleases { mentioned.formUnion(try marks.follow(release: document)) }

        var garbage = Garbage()
        var keptIdentities: Set<Digest> = mentioned
        for row in roots.images {
            let stays = rule.keepsAllReleases || roots.newestImages.contains(row.number)
            if stays || mentioned.contains(row.identity) {
                keptIdentities.insert(row.identity)
                try marks.follow(row.manifest)
            } else {
                garbage.rows.images.append(row.number)
            }
        }
        try findNames(roots, keptIdentities, &marks, &garbage)
        try query(none: ()) { try findRows($0, roots, keptIdentities, &marks, &garbage) }
        try findBlobs(marks, &garbage)
        try findResolutions(&garbage, request: request)
        try findFiles(roots, marks, rule, &garbage)
        return garbage
    }

    /// Names of versions and bundles whose content is given up go; all other names stay, ours or not.
    private func findNames(
        _ roots: StoreRoots,
        _ kept: Set<Digest>,
        _ marks: inout BlobMarks,
        _ garbage: inout Garbage
    ) throws {
        let references = try references()
        var current = kept
        for (name, entry) in references where roots.versionNames[name] == nil && !name.contains(Self.bundleMark) {
            try marks.follow(entry.digest)
            // An image for several platforms has its index for an identity.
            let config = try? ImageManifest(decoding: readBlob(entry.digest)).config.digest
            current.insert(config ?? entry.digest)
        }
        for (name, entry) in references.sorted(by: { $0.key < $1.key }) {
            let identity = roots.versionNames[name] ?? Self.bundledIdentity(name)
            guard let identity else { continue }
            if current.contains(identity) {
                try marks.follow(entry.digest)
            } else {
                garbage.names.insert(name)
                garbage.items.append(.init(kind: .name, name: name, size: 0))
            }
        }
    }

    /// As step bundles are named: `PROJECT.IMAGE--step-bundles.IDENTITY`.
    private static let bundleMark = "--step-bundles."

    private static func bundledIdentity(_ name: String) -> Digest? {
        guard name.contains(bundleMark) else { return nil }
        return name.split(separator: ".").last.flatMap { Digest(hex: String($0)) }
    }

    private func findRows(
        _ database: Database,
        _ roots: StoreRoots,
        _ keptIdentities: Set<Digest>,
        _ marks: inout BlobMarks,
        _ garbage: inout Garbage
    ) throws {
        garbage.rows.steps = roots.formerSteps
        // The documents of old releases name identities too, so only rows decide here.
        if try database.tableExists("bill_of_materials") {
            for row in try Row.fetchAll(database, sql: "SELECT identity, digest FROM bill_of_materials") {
                let identity = try row.digest("identity")
                if keptIdentities.contains(identity) {
                    marks.keep(try row.digest("digest"))
                } else {
                    garbage.rows.bills.append(identity)
                }
            }
        }
        if try database.tableExists("passed_test") {
            let tested = try String.fetchAll(database, sql: "SELECT DISTINCT identity FROM passed_test")
            garbage.rows.testedImages = tested.compactMap { Digest(hex: $0) }.filter { !keptIdentities.contains($0) }
        }
        try findResults(database, roots, &marks, &garbage)
        // After all that keeps layers.
        try findCompressedLayers(database, &marks, &garbage)
        for text in try String.fetchAll(database, sql: "SELECT DISTINCT digest FROM input_part ORDER BY digest") {
            if let digest = Digest(hex: text), !roots.lastInputs.contains(digest) {
                garbage.rows.inputListings.append(digest)
            }
        }
        let files = try DatabaseBytes.fetchCursor(database, sql: "SELECT path FROM file_digest")
        while let path = try files.next() {
            if let file = filePath(path.bytes), !Files.exists(file) { garbage.rows.files.append(path) }
        }
        if try database.tableExists("seen_input") {
            let seen = try DatabaseBytes.fetchAll(database, sql: "SELECT path FROM seen_input")
            garbage.rows.seenInputs = seen.filter { Self.hasVanished($0) }
        }
    }

    /// Results stay that the last bakes used, finished or not, and those whose layers stay anyway.
    private func findResults(
        _ database: Database,
        _ roots: StoreRoots,
        _ marks: inout BlobMarks,
        _ garbage: inout Garbage
    ) throws {
        var layers: [Digest: [Digest]] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT content_key, digest FROM step_layer") {
            layers[try row.digest("content_key"), default: []].append(try row.digest("digest"))
        }
        var others: [(key: Digest, size: Int64)] = []
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT content_key, byte_size, created_at FROM step_result ORDER BY content_key"
        )
        for row in rows {
            let key = try row.digest("content_key")
            if roots.lastKeys.contains(key) || row["created_at"] >= roots.unfinishedSince {
                for layer in layers[key] ?? [] { marks.keep(layer) }
            } else {
                others.append((key, row["byte_size"]))
            }
        }
        for other in others {
            // One without layers keeps nothing, and nothing keeps it.
            let own = layers[other.key] ?? []
            if !own.isEmpty, own.allSatisfy(marks.blobs.contains) { continue }
            garbage.rows.stepResults.append(other.key)
            // Its bytes are those of its layers, which are counted as blobs.
            garbage.items.append(.init(kind: .stepResult, name: other.key.hex, size: 0))
        }
    }

    private func findBlobs(_ marks: BlobMarks, _ garbage: inout Garbage) throws {
        for blob in try blobs() where !marks.blobs.contains(blob) {
            garbage.blobs.append(blob)
            garbage.add(.blob, blobPath(blob), size: blobSize(blob) ?? 0)
        }
    }
}

/// A path of the index.
func filePath(_ bytes: [UInt8]) -> FilePath? {
    (bytes + [0]).withUnsafeBytes { buffer in
        buffer.assumingMemoryBound(to: CChar.self).baseAddress.map { FilePath(platformString: $0) }
    }
}
