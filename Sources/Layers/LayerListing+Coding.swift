/// The cache file of a listing: compact, and the same bytes for the same listing.
///
/// A magic, the number of entries, then each entry: the length of the path's beginning that it shares with the path
/// before, the rest, and the facts. Numbers are LEB128, signed ones zigzag.
extension LayerListing {
    fileprivate static let magic = Array("OBLIST2\n".utf8)

    package func encode() -> [UInt8] {
        var encoder = ListingEncoder()
        for item in items { encoder.append(item) }
        return encoder.finish()
    }

    /// Reads what `encode` wrote; nil for anything else, so that a damaged cache file is made anew.
    package init?(decoding bytes: [UInt8]) {
        guard bytes.starts(with: Self.magic) else { return nil }
        var input = ListingDecoder(bytes: bytes, place: Self.magic.count)
        guard let count = input.number(), count <= UInt64(bytes.count) else { return nil }
        var items = Items()
        var before: [UInt8] = []
        var end: Int64 = 0
        for _ in 0..<count {
            guard let shared = input.number(), shared <= UInt64(before.count), let rest = input.text(),
                let path = try? EntryPath(validating: before[..<Int(shared)] + rest),
                let entry = input.entry(path), let gap = input.signed()
            else { return nil }
            let (offset, overflow) = end.addingReportingOverflow(gap)
            guard !overflow, offset >= 0, offset <= Int64.max - entry.size else { return nil }
            items.append(Item(entry: entry, dataOffset: offset))
            end = offset + entry.size
            before = path.bytes
        }
        guard input.isAtEnd else { return nil }
        self.init(items: items)
    }
}

/// Writes the form that a listing is kept in, item by item: a third of what the items take in memory.
struct ListingEncoder {
    private var bytes: [UInt8] = []
    private var count: UInt64 = 0
    private var before: [UInt8] = []
    private var end: Int64 = 0

    mutating func append(_ item: LayerListing.Item) {
        let entry = item.entry
        let path = entry.path.bytes
        let longest = min(before.count, path.count)
        var shared = 0
        while shared < longest, before[shared] == path[shared] { shared += 1 }
        number(UInt64(shared))
        text(path[shared...])
        bytes.append(entry.kind.rawValue)
        number(UInt64(entry.mode))
        number(UInt64(entry.owner))
        number(UInt64(entry.group))
        number(UInt64(entry.size))
        signed(entry.modified)
        number(UInt64(entry.nanoseconds))
        text(entry.linkTarget)
        number(UInt64(entry.deviceMajor))
        number(UInt64(entry.deviceMinor))
        number(UInt64(entry.xattrs.count))
        for attribute in entry.xattrs {
            text(Array(attribute.name.utf8))
            text(attribute.value)
        }
        signed(item.dataOffset - end)
        end = item.dataOffset + entry.size
        before = path
        count += 1
    }

    /// What `LayerListing(decoding:)` reads.
    consuming func finish() -> [UInt8] {
        var head = ListingEncoder()
        head.number(count)
        // In place: there may be many.
        bytes.insert(contentsOf: LayerListing.magic + head.bytes, at: 0)
        return bytes
    }

    private mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func signed(_ value: Int64) { number(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    private mutating func text(_ value: some Collection<UInt8>) {
        number(UInt64(value.count))
        bytes += value
    }
}

private struct ListingDecoder {
    let bytes: [UInt8]
    var place: Int

    var isAtEnd: Bool { place == bytes.count }

    mutating func byte() -> UInt8? {
        guard place < bytes.count else { return nil }
        defer { place += 1 }
        return bytes[place]
    }

    mutating func number() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64, let next = byte() {
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    mutating func small() -> UInt32? { number().flatMap { UInt32(exactly: $0) } }

    mutating func signed() -> Int64? {
        number().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
    }

    mutating func text() -> [UInt8]? {
        guard let count = number(), count <= UInt64(bytes.count - place) else { return nil }
        defer { place += Int(count) }
        return Array(bytes[place..<place + Int(count)])
    }

    mutating func entry(_ path: EntryPath) -> TarEntry? {
        guard let kind = byte().flatMap(EntryKind.init(rawValue:)), let mode = small(), let owner = small(),
            let group = small(), let size = number().flatMap({ Int64(exactly: $0) }), let modified = signed(),
            let nanoseconds = small(), nanoseconds < 1_000_000_000, let target = text(), let major = small(),
            let minor = small(), let count = number()
        else { return nil }
        var xattrs: [ExtendedAttribute] = []
        for _ in 0..<count {
            guard let name = text(), let value = text() else { return nil }
            xattrs.append(ExtendedAttribute(name: String(decoding: name, as: UTF8.self), value: value))
        }
        return TarEntry(
            path: path,
            kind: kind,
            mode: mode,
            owner: owner,
            group: group,
            size: size,
            modified: modified,
            nanoseconds: nanoseconds,
            linkTarget: target,
            deviceMajor: major,
            deviceMinor: minor,
            xattrs: xattrs
        )
    }
}
