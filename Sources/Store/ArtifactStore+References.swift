package import OCI
import SystemIO
import SystemPackage

extension ArtifactStore {
    private var layoutIndexPath: FilePath { path.appending("index.json") }

    /// The names of images in `index.json` and what they stand for.
    package func references() throws -> [String: ContentDescriptor] {
        let named = try layoutIndex().manifests.compactMap { entry in entry.referenceName.map { ($0, entry) } }
        return Dictionary(named) { _, last in last }
    }

    /// What one name stands for, or nil.
    package func reference(_ name: String) throws -> ContentDescriptor? { try references()[name] }

    /// Names manifests in `index.json`, all of them or none; a name that exists changes what it stands for.
    ///
    /// Names are `PROJECT.IMAGE` and `PROJECT.IMAGE.VERSION`. The manifests must be in the store already. More names
    /// than could be read again are refused before anything is written.
    package func setReferences(_ targets: [String: ContentDescriptor]) throws {
        try setReferences(targets, limits: .own)
    }

    func setReferences(_ targets: [String: ContentDescriptor], limits: ImageIndex.Limits) throws {
        for (name, target) in targets.sorted(by: { $0.key < $1.key }) {
            guard isReferenceName(name) else { throw StoreError.badReferenceName(name) }
            guard hasBlob(target.digest, size: target.size) else { throw StoreError.blobMissing(target.digest) }
        }
        try changeLayoutIndex("name an image", limits: limits) { entries in
            entries.removeAll { $0.referenceName.map { targets.keys.contains($0) } ?? false }
            for (name, target) in targets {
                var entry = target
                entry.annotations[ContentDescriptor.referenceNameKey] = name
                entries.append(entry)
            }
        }
    }

    package func setReference(_ name: String, _ target: ContentDescriptor) throws {
        try setReferences([name: target])
    }

    /// Takes a name away; the blobs stay.
    package func removeReference(_ name: String) throws {
        try changeLayoutIndex("remove the name of an image") { entries in
            entries.removeAll { $0.referenceName == name }
        }
    }

    /// Takes names away, all of them at once.
    func removeReferences(_ names: Set<String>) throws {
        if names.isEmpty { return }
        try changeLayoutIndex("remove the names of images") { entries in
            entries.removeAll { $0.referenceName.map(names.contains) ?? false }
        }
    }

    private func layoutIndex() throws -> ImageIndex {
        guard mode == .readWrite || Files.exists(layoutIndexPath) else { return ImageIndex(manifests: []) }
        do {
            return try ImageIndex(
                decoding: try Files.read(layoutIndexPath, limit: ImageIndex.Limits.own.bytes),
                limits: .own
            )
        } catch let error as DocumentError {
            throw StoreError.notAStore(path: path.string, reason: "its 'index.json': \(error)")
        }
    }

    /// Reads, changes and replaces `index.json` under a lock; leaves the file alone where nothing changes.
    private func changeLayoutIndex(
        _ action: String,
        limits: ImageIndex.Limits = .own,
        _ change: (inout [ContentDescriptor]) -> Void
    ) throws {
        try requireWriting(action)
        let lock = try FileLock.acquire(locksFolder.appending("index.json"), .exclusive)
        defer { lock.release() }
        var index = try layoutIndex()
        let before = index
        change(&index.manifests)
        index.manifests.sort { ($0.referenceName ?? "", $0.digest) < ($1.referenceName ?? "", $1.digest) }
        if index == before { return }
        let bytes = index.json.canonicalBytes
        // What shrinks is always written: it is the way back.
        if index.manifests.count > before.manifests.count {
            guard index.manifests.count <= limits.manifests, bytes.count <= limits.bytes else {
                throw StoreError.tooManyNames(path: layoutIndexPath.string, count: index.manifests.count)
            }
        }
        try Self.replace(layoutIndexPath, with: bytes, through: temporaryFolder)
    }
}

/// Letters and digits, joined by one of `-._:@+` or by `--`, in components joined by `/`.
///
/// Source: OCI image specification 1.1, annotations.md, `org.opencontainers.image.ref.name`.
private func isReferenceName(_ name: String) -> Bool {
    name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { component in
        let bytes = Array(component.utf8)
        guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else {
            return false
        }
        return bytes.split(whereSeparator: isAlphanumeric).allSatisfy { separator in
            let text = String(decoding: separator, as: UTF8.self)
            return text == "--" || (separator.count == 1 && "-._:@+".contains(text))
        }
    }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
}
