import SystemIO

extension LayerListing {
    /// The items of a listing, packed: about 40 bytes and its name for each, since a layer may have a million.
    ///
    /// An `Item` is made when it is asked for.
    package struct Items: RandomAccessCollection, Sendable, Equatable {
        private struct Record: Sendable {
            var size: Int64
            var dataOffset: Int64
            /// Of the path and, right behind it, the target of a link.
            var path: PathStore.Place
            /// The number of the facts in `facts`.
            var facts: UInt32
            /// The number of the rest in `rests`, counted from 1; 0 for none.
            var rest: UInt32
            var targetLength: UInt16
            var kind: EntryKind
        }

        /// What neighbours mostly have in common.
        private struct Facts: Sendable, Equatable {
            var modified: Int64
            var owner: UInt32
            var group: UInt32
            var nanoseconds: UInt32
            var mode: UInt16
        }

        /// What few entries have.
        private struct Rest: Sendable {
            /// The target of a link, where it is too long for the names.
            var target: [UInt8]?
            var deviceMajor: UInt32
            var deviceMinor: UInt32
            var xattrs: [ExtendedAttribute]
        }

        private static let longestTarget = 8192

        private var records = Pieces<Record>()
        private var paths = PathStore()
        /// Those of an entry that are not those of the one before it.
        private var facts = Pieces<Facts>()
        private var rests: [Rest] = []

        package init(_ items: some Sequence<Item> = []) {
            for item in items { append(item) }
        }

        package var startIndex: Int { 0 }
        package var endIndex: Int { records.count }

        package mutating func append(_ item: Item) { records.append(record(of: item)) }

        package subscript(position: Int) -> Item {
            get {
                let record = records[position]
                let facts = facts[Int(record.facts)]
                let rest = record.rest == 0 ? nil : rests[Int(record.rest) - 1]
                let entry = TarEntry(
                    path: path(at: position),
                    kind: record.kind,
                    mode: UInt32(facts.mode),
                    owner: facts.owner,
                    group: facts.group,
                    size: record.size,
                    modified: facts.modified,
                    nanoseconds: facts.nanoseconds,
                    linkTarget: rest?.target ?? paths.bytes(behind: record.path, length: Int(record.targetLength)),
                    deviceMajor: rest?.deviceMajor ?? 0,
                    deviceMinor: rest?.deviceMinor ?? 0,
                    xattrs: rest?.xattrs ?? []
                )
                return Item(entry: entry, dataOffset: record.dataOffset)
            }
            set { records[position] = record(of: newValue) }
        }

        package func kind(at position: Int) -> EntryKind { records[position].kind }

        package func size(at position: Int) -> Int64 { records[position].size }

        package func path(at position: Int) -> EntryPath {
            EntryPath(normalised: paths.path(at: records[position].path))
        }

        /// The bytes of a path, valid for the call only.
        package func withPath<Value>(at position: Int, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
            paths.withPath(at: records[position].path, body)
        }

        package static func == (left: Items, right: Items) -> Bool { left.elementsEqual(right) }

        private mutating func record(of item: Item) -> Record {
            let entry = item.entry
            let isLong = entry.linkTarget.count > Self.longestTarget
            var rest: UInt32 = 0
            if isLong || entry.deviceMajor != 0 || entry.deviceMinor != 0 || !entry.xattrs.isEmpty {
                rests.append(
                    Rest(
                        target: isLong ? entry.linkTarget : nil,
                        deviceMajor: entry.deviceMajor,
                        deviceMinor: entry.deviceMinor,
                        xattrs: entry.xattrs
                    )
                )
                rest = UInt32(rests.count)
            }
            let common = Facts(
                modified: entry.modified,
                owner: entry.owner,
                group: entry.group,
                nanoseconds: entry.nanoseconds,
                mode: UInt16(entry.mode)
            )
            if facts.last != common { facts.append(common) }
            return Record(
                size: entry.size,
                dataOffset: item.dataOffset,
                path: paths.append(entry.path.bytes, isLong ? [] : entry.linkTarget),
                facts: UInt32(facts.count - 1),
                rest: rest,
                targetLength: isLong ? 0 : UInt16(entry.linkTarget.count),
                kind: entry.kind
            )
        }
    }
}
