import Bakefiles
import Layers
import Planning
import SystemIO

extension LayerDraft {
    /// Copies from another image: files keep mode and extended attributes, and get the step's owner, or root.
    mutating func copy(_ step: CopyStep, from path: String, of name: String, _ source: ImageRoot, accounts: Accounts)
        throws
    {
        let owner = try accounts.numbers(step.owner)
        let start = try source.tree.resolve(try EntryPath(path), followFinal: true)
        guard let entry = start.isRoot ? .directory(.root) : source.tree.entry(at: start) else {
            throw StepError("image '\(name)' has no '\(path)'")
        }
        let ignored = IgnorePatterns(step.exclude)
        if entry.kind == .directory {
            let folder = try place(step.destination, followingFinal: true)
            try makeTarget(folder, owner: owner)
            try copyChildren(of: start, to: folder, components: [], ignored, step, source, owner)
        } else {
            let isInto = step.destination.utf8.last == UInt8(ascii: "/")
            if isInto { try makeTarget(try place(step.destination, followingFinal: true), owner: owner) }
            let target =
                isInto
                ? try place(step.destination, followingFinal: true).appending(start.name)
                : try place(step.destination)
            try add(entry, from: start, at: target, step, source, owner)
        }
    }

    private mutating func copyChildren(
        of folder: EntryPath,
        to target: EntryPath,
        components: [[UInt8]],
        _ ignored: IgnorePatterns,
        _ step: CopyStep,
        _ source: ImageRoot,
        _ owner: (owner: UInt32, group: UInt32)
    ) throws {
        for child in source.tree.children(of: folder) {
            try cancellation.check()
            let inner = components + [Array(child.path.name)]
            let isExcluded = ignored.excludes(inner)
            if isExcluded && !(ignored.hasNegation && child.kind == .directory) { continue }
            let isFolder = child.kind == .directory
            let place = try resolvedBelow(target, Array(child.path.name), isFolder: isFolder)
            if !isExcluded { try add(child, from: child.path, at: place, step, source, owner) }
            if isFolder { try copyChildren(of: child.path, to: place, components: inner, ignored, step, source, owner) }
        }
    }

    private mutating func add(
        _ entry: TarEntry,
        from path: EntryPath,
        at place: EntryPath,
        _ step: CopyStep,
        _ source: ImageRoot,
        _ owner: (owner: UInt32, group: UInt32)
    ) throws {
        var copy = entry
        copy.path = place
        copy.owner = owner.owner
        copy.group = owner.group
        copy.modified = timestamp
        let existing = kind(at: place)
        switch entry.kind {
        case .directory:
            if existing == .directory { return }
            guard existing == nil else {
                throw StepError("'/\(place)' is a file in the image and a folder in the source")
            }
            try add(copy)
        case .regular, .hardLink:
            try refuseFolder(place, existing)
            guard let slice = source.slice(at: path) else { throw StepError("'/\(path)' has no content in its layers") }
            copy.kind = .regular
            copy.linkTarget = []
            copy.size = slice.size
            if let mode = step.mode { copy.mode = mode }
            try add(copy, self.slice(slice.blob, offset: slice.offset))
        default:
            try refuseFolder(place, existing)
            try add(copy)
        }
    }
}
