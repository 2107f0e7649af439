/// The cache file of a listing: compact, and the same bytes for the same listing.
///
/// A magic, the number of entries, then each entry: the length of the path's beginning that it shares with the path
/// before, the rest, and the facts. Numbers are LEB128, signed ones zigzag.
extension LayerListing {
    private static let magic = Array("OBLIST1\n".utf8)

    package func encode() -> [UInt8] {
        var output = ListingEncoder(bytes: Self.magic)
        output.number(UInt64(items.count))
        var before: [UInt8] = []
        var end: Int64 = 0
        for item in items {
            let entry = item.entry
            let path = entry.path.bytes
            let shared = zip(before, path).prefix { $0 == $1 }.count
            output.number(UInt64(shared))
            output.text(path[shared...])
            output.bytes.append(entry.kind.rawValue)
            output.number(UInt64(entry.mode))
            output.number(UInt64(entry.owner))
            output.number(UInt64(entry.group))
            output.number(UInt64(entry.size))
            output.signed(entry.modified)
            output.text(entry.linkTarget)
            output.number(UInt64(entry.deviceMajor))
            output.number(UInt64(entry.deviceMinor))
            output.number(UInt64(entry.xattrs.count))
            for attribute in entry.xattrs {
                output.text(Array(attribute.name.utf8))
                output.text(attribute.value)
            }
            output.signed(item.dataOffset - end)
            end = item.dataOffset + entry.size
            before = path
        }
        return output.bytes
    }

    /// Reads what `encode` wrote; nil for anything else, so that a damaged cache file is made anew.
    package init?(decoding bytes: [UInt8]) {
        guard bytes.starts(with: Self.magic) else { return nil }
        var input = ListingDecoder(bytes: bytes, place: Self.magic.count)
        guard let count = input.number(), count <= UInt64(bytes.count) else { return nil }
        var items: [Item] = []
        items.reserveCapacity(Int(count))
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

private struct ListingEncoder {
    var bytes: [UInt8]

    mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func signed(_ value: Int64) { number(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    mutating func text(_ value: some Collection<UInt8>) {
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
            let target = text(), let major = small(), let minor = small(), let count = number()
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
            linkTarget: target,
            deviceMajor: major,
            deviceMinor: minor,
            xattrs: xattrs
        )
    }
}
