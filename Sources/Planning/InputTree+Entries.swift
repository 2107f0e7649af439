import SystemIO

extension InputTree {
    /// The entries of a tree, packed: about 60 bytes and its name for each, since a tree may have a million.
    ///
    /// An `Entry` is made when it is asked for.
    package struct Entries: RandomAccessCollection, Sendable {
        private enum Kind: UInt8 {
            case file
            case executable
            case directory
            case symlink
        }

        private struct Record {
            /// Of a file's content.
            var digest: Digest
            var size: Int64
            /// Of the path and, right behind it, the target of a symlink.
            var path: PathStore.Place
            let targetLength: UInt16
            var kind: Kind
        }

        /// Stands where there is no content.
        private static let nothing = Digester.digest(of: [])

        private var records: [Record] = []
        private var paths = PathStore()

        /// Has room for so many, so that none is moved later.
        init(capacity: Int) { records.reserveCapacity(capacity) }

        package init(_ entries: some Sequence<Entry>) {
            for entry in entries { append(entry) }
        }

        package var startIndex: Int { 0 }
        package var endIndex: Int { records.count }

        /// The path and a link's target have at most 32 KiB each, as Linux has it.
        package mutating func append(_ entry: Entry) {
            var target: [UInt8] = []
            if case .symlink(let bytes) = entry.content { target = bytes }
            var record = Record(
                digest: Self.nothing,
                size: 0,
                path: paths.append(entry.path, target),
                targetLength: UInt16(target.count),
                kind: .directory
            )
            switch entry.content {
            case .file(let digest, let size, let isExecutable):
                (record.digest, record.size) = (digest, size)
                record.kind = isExecutable ? .executable : .file
            case .directory: break
            case .symlink: record.kind = .symlink
            }
            records.append(record)
        }

        /// Appends a file or a symlink as it was seen in a folder.
        mutating func append(_ seen: SeenFolder, _ place: SeenFolder.Place, in folder: [UInt8], target: [UInt8]? = nil)
        {
            let path = seen.withName(at: place) { paths.append($0, in: folder, target ?? []) }
            if let target {
                records.append(
                    Record(
                        digest: Self.nothing,
                        size: 0,
                        path: path,
                        targetLength: UInt16(target.count),
                        kind: .symlink
                    )
                )
            } else {
                records.append(
                    Record(
                        digest: seen.digest(at: place),
                        size: seen.size(at: place),
                        path: path,
                        targetLength: 0,
                        kind: seen.isExecutable(at: place) ? .executable : .file
                    )
                )
            }
        }

        mutating func removeLast() { records.removeLast() }

        /// Appends an entry's line: kind, value and name, ended by a line feed.
        func appendLine(of position: Int, to text: inout [UInt8]) {
            let record = records[position]
            switch record.kind {
            case .file, .executable:
                text.append(record.kind == .file ? UInt8(ascii: "f") : UInt8(ascii: "x"))
                text.append(UInt8(ascii: " "))
                record.digest.appendHex(to: &text)
            case .directory: text += Array("d -".utf8)
            case .symlink:
                text += Array("l ".utf8)
                let start = text.count
                text += paths.bytes(behind: record.path, length: Int(record.targetLength))
                escape(from: start, in: &text)
            }
            text.append(UInt8(ascii: " "))
            let start = text.count
            paths.copyPath(at: record.path, to: &text)
            escape(from: start, in: &text)
            text.append(UInt8(ascii: "\n"))
        }

        package subscript(position: Int) -> Entry {
            let record = records[position]
            let content: Entry.Content =
                switch record.kind {
                case .file: .file(digest: record.digest, size: record.size, isExecutable: false)
                case .executable: .file(digest: record.digest, size: record.size, isExecutable: true)
                case .directory: .directory
                case .symlink:
                    .symlink(target: paths.bytes(behind: record.path, length: Int(record.targetLength)))
                }
            return Entry(path: paths.path(at: record.path), content: content)
        }
    }
}
