import SystemIO
import SystemPackage

extension InputScanner {
    /// Parts that a source is divided into at least, where it has as many folders.
    ///
    /// Not a matter of the threads: a mistake that is met while folders are opened is told of at once.
    private static let leastParts = 32
    /// Parts that are walked before what they gave is put together: enough to keep all threads busy, and few in memory.
    private static let partsPerThread = 8
    /// So many files are read at a time, for the same reasons.
    private static let mostUnread = 4096

    /// Walks all of a folder on several threads; the entries are the same for any number of them.
    ///
    /// What goes wrong first in the order of the entries is thrown.
    func walk(_ source: SystemIO.Descriptor, into walk: inout InputWalk) throws {
        let window = threads * Self.partsPerThread
        var parts = try parts(of: source, walk.empty, atLeast: Self.leastParts)
        var start = 0
        while start < parts.count {
            let end = min(parts.count, start + window)
            let some = Array(parts[start..<end])
            // What was walked is kept once.
            for index in start..<end { parts[index] = .walked(walk.empty) }
            let empty = walk.empty
            let walks = try inParallel(some.count, threads: threads) { index in
                switch some[index] {
                case .walked(let walk): return walk
                case .folder(let folder):
                    var walk = empty
                    try walk.add(folder, below: source)
                    return walk
                }
            }
            for part in walks {
                walk.append(part)
                if walk.unread.count >= Self.mostUnread { try readUnread(of: &walk, below: source) }
            }
            start = end
        }
    }

    /// Opens folders up level by level until there is something to walk for everybody.
    private func parts(
        of source: SystemIO.Descriptor,
        _ empty: InputWalk,
        atLeast wanted: Int
    ) throws -> [InputWalk.Part] {
        var parts: [InputWalk.Part] = [.folder(.init(path: [], isExcluded: false))]
        while true {
            let open = parts.count(where: \.canBeOpened)
            if open == 0 || open >= wanted { return parts }
            let closed = parts
            parts = try inParallel(closed.count, threads: threads) { index in
                guard case .folder(let folder) = closed[index], closed[index].canBeOpened else {
                    return [closed[index]]
                }
                return try empty.parts(of: folder, below: source)
            }.flatMap(\.self)
        }
    }

    /// Reads the files that have to be.
    func readUnread(of walk: inout InputWalk, below source: SystemIO.Descriptor) throws {
        let unread = walk.unread
        walk.unread.removeAll(keepingCapacity: true)
        for start in stride(from: 0, to: unread.count, by: Self.mostUnread) {
            let some = unread[start..<min(unread.count, start + Self.mostUnread)]
            try read(Array(some), of: &walk, below: source)
        }
    }

    /// Reads the files at some places of the entries.
    private func read(_ places: [Int], of walk: inout InputWalk, below source: SystemIO.Descriptor) throws {
        let paths = places.map { [walk] in walk.entries.path(at: $0) }
        let readings = try inParallel(paths.count, threads: threads) { try Self.read(paths[$0], below: source) }
        var learned: [(path: FilePath, known: Known)] = []
        for (index, reading) in readings.enumerated() {
            walk.entries.setDigest(reading.known.digest, at: places[index])
            guard reading.isSettled else { continue }
            let path = paths[index]
            learned.append((path.isEmpty ? source.path : source.path.appending(bytes: path), reading.known))
        }
        if !learned.isEmpty { try learn(learned) }
    }
}

extension InputWalk.Part {
    /// What is excluded stays whole, since only all that is in it shows whether it has an entry.
    fileprivate var canBeOpened: Bool {
        if case .folder(let folder) = self { !folder.isExcluded } else { false }
    }
}
