import SystemIO
import SystemPackage

extension InputScanner {
    /// What all visits of one scan go by.
    struct Rules: Sendable {
        let ignored: IgnorePatterns
        let startedAt: Int64
        let recall: Recall

        func recall(_ source: FilePath, _ path: [UInt8]) -> SeenFolder? { recall(Self.key(of: source, path)) }

        /// The bytes of the absolute path of what is in a source.
        static func key(of source: FilePath, _ path: [UInt8] = []) -> [UInt8] {
            source.withPlatformString { text in
                var key = Array(UnsafeRawBufferPointer(start: text, count: source.length))
                if !path.isEmpty {
                    if key.last != UInt8(ascii: "/") { key.append(UInt8(ascii: "/")) }
                    key += path
                }
                return key
            }
        }
    }

    /// So many files are read before what they gave is handed on: enough to keep all threads busy, and few in memory.
    private static let mostUnread = 4096

    /// Visits a folder and all below it on several threads, reads what has to be read, and puts the entries together.
    ///
    /// They are the same for any number of threads. What goes wrong first in their order is thrown.
    func entries(of source: SystemIO.Descriptor, _ rules: Rules) throws -> InputTree.Entries {
        var visits = [FolderVisit(.init(path: [], isExcluded: false), below: source, rules)]
        // Where the folders that were found in each begin; they follow each other.
        var children: [Int] = []
        while children.count < visits.count {
            let start = visits.count
            var found: [FolderVisit.Folder] = []
            for visit in visits[children.count...] {
                children.append(start + found.count)
                found += visit.folders
            }
            let folders = found
            visits += try inParallel(folders.count, threads: threads) { index in
                FolderVisit(folders[index], below: source, rules)
            }
        }
        try readUnread(of: &visits, below: source)
        return try FolderAssembly(visits: visits, children: children).entries()
    }

    /// Reads the files that have to be, and hands on what was not known of the folders.
    private func readUnread(of visits: inout [FolderVisit], below source: SystemIO.Descriptor) throws {
        var unread: [(visit: Int, place: SeenFolder.Place)] = []
        var changed: [Int] = []
        for index in visits.indices where visits[index].isChanged {
            unread += visits[index].unread.map { (index, $0) }
            changed.append(index)
            if unread.count < Self.mostUnread { continue }
            try read(unread, of: &visits, below: source)
            try learn(from: changed.map { visits[$0] }, of: source)
            unread.removeAll(keepingCapacity: true)
            changed.removeAll(keepingCapacity: true)
        }
        try read(unread, of: &visits, below: source)
        try learn(from: changed.map { visits[$0] }, of: source)
    }

    private func read(
        _ files: [(visit: Int, place: SeenFolder.Place)],
        of visits: inout [FolderVisit],
        below source: SystemIO.Descriptor
    ) throws {
        for start in stride(from: 0, to: files.count, by: Self.mostUnread) {
            let some = files[start..<min(files.count, start + Self.mostUnread)]
            let paths = some.map { [visits] in visits[$0.visit].path(of: $0.place) }
            let readings = try inParallel(paths.count, threads: threads) { index in
                Result { try Self.read(paths[index], below: source) }
            }
            for (file, reading) in zip(some, readings) { visits[file.visit].take(reading, at: file.place) }
        }
    }

    private func learn(from visits: [FolderVisit], of source: SystemIO.Descriptor) throws {
        let whole = visits.filter { $0.failure == nil }
        if whole.isEmpty { return }
        try learn(whole.map { (path: Rules.key(of: source.path, $0.folder.path), seen: $0.seen) })
    }
}
