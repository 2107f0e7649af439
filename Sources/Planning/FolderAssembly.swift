import SystemIO

/// Puts the visits of a source's folders together: each folder right before what is in it.
struct FolderAssembly {
    let visits: [FolderVisit]
    /// Of each visit, the first visit of a folder in it.
    let children: [Int]

    /// How far a folder has been gone through.
    private struct Level {
        let visit: Int
        /// Entries before what is in the folder.
        let count: Int
        var place = 0
        var target = 0
        var child: Int
    }

    /// Throws what went wrong first in their order.
    func entries() throws -> InputTree.Entries {
        var entries = InputTree.Entries(capacity: visits.reduce(visits.count) { $0 + $1.places.count })
        var levels = [try enter(0, &entries)]
        while var level = levels.popLast() {
            let visit = visits[level.visit]
            var inner: Level?
            while inner == nil, level.place < visit.places.count {
                let place = visit.places[level.place]
                if let failure = visit.failure, failure.place <= place { throw failure.error }
                level.place += 1
                switch visit.seen.kind(at: place) {
                case .directory:
                    inner = try enter(level.child, &entries)
                    level.child += 1
                case .symlink:
                    entries.append(visit.seen, place, in: visit.folder.path, target: visit.targets[level.target])
                    level.target += 1
                default: entries.append(visit.seen, place, in: visit.folder.path)
                }
            }
            if let inner {
                levels += [level, inner]
                continue
            }
            if let failure = visit.failure { throw failure.error }
            if visit.folder.isExcluded && entries.count == level.count { entries.removeLast() }
        }
        return entries
    }

    private func enter(_ visit: Int, _ entries: inout InputTree.Entries) throws -> Level {
        if let failure = visits[visit].failure, failure.place == 0 { throw failure.error }
        entries.append(.init(path: visits[visit].folder.path, content: .directory))
        return Level(visit: visit, count: entries.count, child: children[visit])
    }
}
