import Bakefiles
import Layers
import Planning
import SystemIO

extension LayerDraft {
    mutating func file(_ step: FileStep, accounts: Accounts) throws {
        let path = try place(step.path)
        try refuseFolder(path, kind(at: path))
        let owner = try accounts.numbers(step.owner)
        let bytes = Array(step.content.utf8)
        try add(
            TarEntry(
                path: path,
                kind: .regular,
                mode: step.mode,
                owner: owner.owner,
                group: owner.group,
                size: Int64(bytes.count),
                modified: timestamp
            ),
            keep(bytes)
        )
    }

    mutating func symlink(_ step: SymlinkStep) throws {
        let path = try place(step.path)
        try refuseFolder(path, kind(at: path))
        try add(.symlink(path, to: Array(step.target.utf8), modified: timestamp))
    }

    /// Makes a folder, or gives an existing one the owner and mode that the step states.
    mutating func directory(_ step: DirectoryStep, accounts: Accounts) throws {
        let path = try place(step.path, followingFinal: true)
        let existing = kind(at: path)
        guard existing == nil || existing == .directory else { throw StepError("'/\(path)' is a file in the image") }
        let owner = try accounts.numbers(step.owner)
        try add(
            TarEntry(
                path: path,
                kind: .directory,
                mode: step.mode,
                owner: owner.owner,
                group: owner.group,
                modified: timestamp
            )
        )
    }

    /// Leaves a whiteout for everything that a pattern matches.
    ///
    /// What lies below another match goes with that: a whiteout of its own would need its folder, which then came back.
    mutating func delete(_ step: DeleteStep) throws {
        var found: Set<EntryPath> = []
        for pattern in step.patterns {
            let components = pattern.pathComponents.map { Array($0.utf8) }
            let matches = try self.matches(of: components[...], below: .root)
            if matches.isEmpty && !step.ignoreMissing {
                throw StepError("the image has no '\(pattern)'", fix: "write 'missing: ignore' if that is fine")
            }
            found.formUnion(matches)
        }
        for path in found where !hasAncestor(path, in: found) { remove(path) }
    }

    private func hasAncestor(_ path: EntryPath, in paths: Set<EntryPath>) -> Bool {
        var folder = path.parent
        while !folder.isRoot {
            if paths.contains(folder) { return true }
            folder = folder.parent
        }
        return false
    }

    /// The paths of the image that a pattern matches; symlinked folders on the way are gone through, the last is not.
    private func matches(of pattern: ArraySlice<[UInt8]>, below folder: EntryPath) throws -> [EntryPath] {
        guard let first = pattern.first else { return [] }
        let isLast = pattern.count == 1
        return try tree.children(of: folder)
            .filter { globMatches(first[...], $0.path.name) }
            .flatMap { child -> [EntryPath] in
                if isLast { return [child.path] }
                let place = child.kind == .symlink ? try tree.resolve(child.path, followFinal: true) : child.path
                return try matches(of: pattern.dropFirst(), below: place)
            }
    }
}
