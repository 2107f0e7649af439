import SystemIO

extension LayerListing {
    /// The items of a listing, packed: about 50 bytes and its name for each, since a layer may have a million.
    ///
    /// An `Item` is made when it is asked for.
    package struct Items: RandomAccessCollection, Sendable, Equatable {
        private struct Record: Sendable {
            var size: Int64
            var modified: Int64
            var dataOffset: Int64
            var owner: UInt32
            var group: UInt32
            /// Of the path and, right behind it, the target of a link.
            var name: ByteStore.Place
            /// The number of the rest in `rests`, counted from 1; 0 for none.
            var rest: UInt32
            var pathLength: UInt16
            var targetLength: UInt16
            var mode: UInt16
            var kind: EntryKind
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
        private var names = ByteStore()
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
                let rest = record.rest == 0 ? nil : rests[Int(record.rest) - 1]
                let entry = TarEntry(
                    path: path(of: record),
                    kind: record.kind,
                    mode: UInt32(record.mode),
                    owner: record.owner,
                    group: record.group,
                    size: record.size,
                    modified: record.modified,
                    linkTarget: rest?.target
                        ?? names.bytes(
                            at: record.name,
                            offset: Int(record.pathLength),
                            length: Int(record.targetLength)
                        ),
                    deviceMajor: rest?.deviceMajor ?? 0,
                    deviceMinor: rest?.deviceMinor ?? 0,
                    xattrs: rest?.xattrs ?? []
                )
                return Item(entry: entry, dataOffset: record.dataOffset)
            }
            set { records[position] = record(of: newValue) }
        }

        package func kind(at position: Int) -> EntryKind { records[position].kind }

        package func path(at position: Int) -> EntryPath { path(of: records[position]) }

        /// The bytes of a path, without a copy of them.
        package func withPath<Value>(at position: Int, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
            let record = records[position]
            return names.withBytes(at: record.name, length: Int(record.pathLength), body)
        }

        package static func == (left: Items, right: Items) -> Bool { left.elementsEqual(right) }

        private func path(of record: Record) -> EntryPath {
            EntryPath(normalised: names.bytes(at: record.name, length: Int(record.pathLength)))
        }

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
            return Record(
                size: entry.size,
                modified: entry.modified,
                dataOffset: item.dataOffset,
                owner: entry.owner,
                group: entry.group,
                name: names.append(entry.path.bytes, isLong ? [] : entry.linkTarget),
                rest: rest,
                pathLength: UInt16(entry.path.bytes.count),
                targetLength: isLong ? 0 : UInt16(entry.linkTarget.count),
                mode: UInt16(entry.mode),
                kind: entry.kind
            )
        }
    }
}
