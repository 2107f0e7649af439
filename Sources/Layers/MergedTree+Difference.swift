/// What is different at one path of two trees.
package struct TreeChange: Hashable, Sendable {
    package enum Aspect: String, Sendable, CaseIterable {
        case kind
        case content
        case mode
        case owner
        case time
        case target
        case device
        case attributes
    }

    package let path: EntryPath
    /// nil for what is new.
    package let old: TarEntry?
    /// nil for what is gone.
    package let new: TarEntry?
    /// Of what is in both; empty for what is new or gone.
    package let aspects: [Aspect]

    /// Bytes of content that there are more, or less.
    package var growth: Int64 { (new?.size ?? 0) - (old?.size ?? 0) }
}

extension MergedTree {
    /// What leads from this tree to `other`, in the order of the paths.
    ///
    /// `sameContent` compares files of equal size: the path is in both trees.
    package func changes(
        to other: MergedTree,
        sameContent: (EntryPath) throws -> Bool
    ) rethrows -> [TreeChange] {
        var result: [TreeChange] = []
        let (left, right) = (entries(), other.entries())
        var (leftPosition, rightPosition) = (left.startIndex, right.startIndex)
        while leftPosition < left.endIndex || rightPosition < right.endIndex {
            let old = leftPosition < left.endIndex ? left[leftPosition] : nil
            let new = rightPosition < right.endIndex ? right[rightPosition] : nil
            if let old, new.map({ old.path < $0.path }) ?? true {
                result.append(TreeChange(path: old.path, old: old, new: nil, aspects: []))
                leftPosition += 1
            } else if let new, old.map({ new.path < $0.path }) ?? true {
                result.append(TreeChange(path: new.path, old: nil, new: new, aspects: []))
                rightPosition += 1
            } else if let old, let new {
                let aspects = try TreeChange.aspects(old, new) { try sameContent(old.path) }
                if !aspects.isEmpty {
                    result.append(TreeChange(path: old.path, old: old, new: new, aspects: aspects))
                }
                leftPosition += 1
                rightPosition += 1
            }
        }
        return result
    }
}

extension TreeChange {
    /// What is different of two entries of one path; `sameContent` is asked of files of equal size.
    static func aspects(_ old: TarEntry, _ new: TarEntry, sameContent: () throws -> Bool) rethrows -> [Aspect] {
        if old.kind != new.kind { return [.kind] }
        var aspects: [TreeChange.Aspect] = []
        if old.kind == .regular, try old.size != new.size || !sameContent() { aspects.append(.content) }
        if old.mode != new.mode, old.kind != .symlink { aspects.append(.mode) }
        if old.owner != new.owner || old.group != new.group { aspects.append(.owner) }
        if old.modified != new.modified || old.nanoseconds != new.nanoseconds { aspects.append(.time) }
        if old.linkTarget != new.linkTarget { aspects.append(.target) }
        if old.deviceMajor != new.deviceMajor || old.deviceMinor != new.deviceMinor { aspects.append(.device) }
        if old.xattrs != new.xattrs { aspects.append(.attributes) }
        return aspects
    }
}
