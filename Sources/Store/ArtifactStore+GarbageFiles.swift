import SystemIO
import SystemPackage

extension ArtifactStore {
    /// Finds files and folders beside the blobs that serve nothing that stays.
    func findFiles(_ roots: StoreRoots, _ marks: BlobMarks, _ rule: KeepRule, _ garbage: inout Garbage) throws {
        let doomed = Set(garbage.blobs)
        for owner in RootOwner.allCases {
            for name in try names(in: rootsFolder(owner)) where name.string.count == 64 || name.extension == "tmp" {
                if let layer = Digest(hex: name.string), rule.roots, !doomed.contains(layer) { continue }
                let path = rootsFolder(owner).appending(name)
                garbage.roots.append(path)
                garbage.add(.root, path, named: "\(owner.rawValue)/\(name.string)", size: diskUse(of: path))
            }
        }
        try find(.listing, in: ownFolder.appending("listings"), &garbage) { name in
            Digest(hex: name).map { !marks.blobs.contains($0) } ?? name.hasPrefix(".")
        }
        try find(.log, in: logsFolder, &garbage) { !roots.lastBakes.contains($0) }
        // Held by bakes only, and none runs.
        try find(.lock, in: locksFolder, &garbage) { Digest(hex: $0) != nil }
        try find(.temporary, in: path, &garbage) { $0.hasPrefix(".") && $0.hasSuffix(".tmp") }
        try find(.temporary, in: temporaryFolder, counted: false, &garbage) { !$0.hasSuffix(WorkFolder.lockSuffix) }
    }

    private func find(
        _ kind: Garbage.Kind,
        in folder: FilePath,
        counted: Bool = true,
        _ garbage: inout Garbage,
        _ goes: (String) -> Bool
    ) throws {
        for name in try names(in: folder) where goes(name.string) {
            let path = folder.appending(name)
            if counted { garbage.paths.append(path) }
            garbage.add(kind, path, size: diskUse(of: path))
        }
    }

    private func names(in folder: FilePath) throws -> [FilePath.Component] {
        Files.exists(folder) ? try Files.names(in: folder) : []
    }
}

/// Bytes of the files in a tree; what cannot be read counts nothing.
func diskUse(of path: FilePath) -> Int64 {
    guard let status = try? FileStatus.ofExisting(path) else { return 0 }
    guard status.kind == .directory else { return status.size }
    return ((try? Files.names(in: path)) ?? []).reduce(0) { $0 + diskUse(of: path.appending($1)) }
}
