import Glibc
import SystemIO

/// What a scan saw in a folder, packed into bytes as the store keeps them: names and kinds, and of files the facts that
/// `stat` gives with the digest of the content.
///
/// As long as the folder's own facts are the same, it has the same names. It knows nothing of patterns and of what lies
/// deeper, so that any source which has the folder in it can use it. A source that is one file has one entry without a name.
package struct SeenFolder: Sendable, Hashable {
    /// A word for the format, the folder's facts, and the entries, sorted by the bytes of their names.
    package private(set) var bytes: [UInt8]

    /// Where an entry begins in the bytes: the length of its name in two bytes, its kind and its mark in one each, four
    /// that are zero, the facts, the digest, the name, and a zero byte behind it.
    typealias Place = Int

    private static let format: UInt64 = 1
    private static let headerLength = 8 + 4 * 8
    private static let digestOffset = 8 + 5 * 8
    private static let nameOffset = digestOffset + 32

    private enum Mark {
        /// The digest is that of the content as long as the facts are the same.
        static let isBelieved: UInt8 = 1
        static let isExecutable: UInt8 = 2
    }

    /// Takes what was kept; nil where it is damaged, or of another format.
    package init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        guard bytes.count >= Self.headerLength, word(at: 0) == Self.format else { return nil }
        var place = Self.headerLength
        while place < bytes.count {
            guard place + Self.nameOffset < bytes.count else { return nil }
            let end = self.end(of: place)
            guard end <= bytes.count, bytes[end - 1] == 0 else { return nil }
            place = end
        }
    }

    /// Of a folder with these entries; what was seen of files in it before is kept.
    ///
    /// Where a later change of the folder need not show in its facts they are not kept, so that it is listed again.
    init(_ entries: [FolderEntry], of status: FileStatus, isSettled: Bool, before: SeenFolder?) {
        bytes = []
        bytes.reserveCapacity(
            entries.reduce(Self.headerLength) { $0 + Self.nameOffset + $1.name.count + 1 }
        )
        append(Self.format)
        let facts = isSettled ? Self.facts(of: status) : (0, 0, 0, 0)
        for fact in [facts.0, facts.1, facts.2, facts.3] { append(fact) }
        var old = before?.places.makeIterator()
        var oldPlace = old?.next()
        for entry in entries {
            while let place = oldPlace, let before, before.order(of: place, to: entry.name) < 0 {
                oldPlace = old?.next()
            }
            let place = append(entry.name, entry.kind)
            guard let before, let oldPlace, before.order(of: oldPlace, to: entry.name) == 0 else { continue }
            if before.kind(at: oldPlace) == entry.kind { copyFacts(of: before, at: oldPlace, to: place) }
        }
    }

    /// Of a folder of which nothing is known.
    init() {
        bytes = []
        for word in [Self.format, 0, 0, 0, 0] { append(word) }
    }

    /// Of a source that is one file.
    init(file status: FileStatus) {
        self.init()
        let place = append([], status.kind)
        set(status, at: place)
    }

    /// Whether the folder that looks like this has the same names.
    func lists(_ status: FileStatus) -> Bool {
        let facts = Self.facts(of: status)
        return word(at: 8) == facts.0 && word(at: 16) == facts.1 && word(at: 24) == facts.2 && word(at: 32) == facts.3
    }

    /// Where its entry is, if it has one only.
    var only: Place? {
        let place = Self.headerLength
        return place < bytes.count && end(of: place) == bytes.count ? place : nil
    }

    /// Where its entries are, in order.
    var places: some Sequence<Place> {
        sequence(state: Self.headerLength) { next -> Place? in
            if next == bytes.count { return nil }
            defer { next = end(of: next) }
            return next
        }
    }

    /// What the entry is; nil where the file system did not say.
    func kind(at place: Place) -> FileKind? { bytes[place + 2] == 0 ? nil : FileKind(rawValue: bytes[place + 2] - 1) }

    func isExecutable(at place: Place) -> Bool { bytes[place + 3] & Mark.isExecutable != 0 }

    func size(at place: Place) -> Int64 { Int64(bitPattern: word(at: place + 24)) }

    func digest(at place: Place) -> Digest {
        bytes.withUnsafeBytes {
            Digest(UnsafeRawBufferPointer(rebasing: $0[place + Self.digestOffset..<place + Self.nameOffset]))
        }
    }

    /// The digest is known of a file that looks like this.
    ///
    /// A modification time alone proves nothing, for anybody can set it; the change time is the kernel's.
    func isBelieved(at place: Place, _ status: FileStatus) -> Bool {
        bytes[place + 3] & Mark.isBelieved != 0 && status.kind == .regular
            && word(at: place + 8) == status.device && word(at: place + 16) == status.inode
            && size(at: place) == status.size && word(at: place + 32) == UInt64(bitPattern: status.modified)
            && word(at: place + 40) == UInt64(bitPattern: status.changed)
    }

    /// Hands over the bytes of a name, ended by a zero byte that is not counted, for the call only.
    func withName<Value, Failure: Error>(
        at place: Place,
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let length = nameLength(at: place)
        return try bytes.withUnsafeBufferPointer { (bytes) throws(Failure) in
            let start = place + Self.nameOffset
            return try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[start..<start + length]))
        }
    }

    func name(at place: Place) -> [UInt8] { withName(at: place) { Array($0) } }

    /// Notes how a file looks whose digest is not known.
    mutating func set(_ status: FileStatus, at place: Place) {
        bytes[place + 2] = status.kind.rawValue + 1
        bytes[place + 3] = status.mode & 0o100 != 0 ? Mark.isExecutable : 0
        let facts = [
            status.device, status.inode, UInt64(bitPattern: status.size), UInt64(bitPattern: status.modified),
            UInt64(bitPattern: status.changed),
        ]
        bytes.withUnsafeMutableBytes { bytes in
            for (index, fact) in facts.enumerated() {
                bytes.storeBytes(of: fact, toByteOffset: place + 8 + 8 * index, as: UInt64.self)
            }
        }
    }

    /// Notes what reading a file gave, to be believed if a later change is sure to show.
    mutating func set(_ reading: InputScanner.Reading, at place: Place) {
        set(reading.status, at: place)
        if reading.isSettled { bytes[place + 3] |= Mark.isBelieved }
        bytes.withUnsafeMutableBytes { bytes in
            let room = bytes[place + Self.digestOffset..<place + Self.nameOffset]
            reading.digest.write(to: UnsafeMutableRawBufferPointer(rebasing: room))
        }
    }

    private static func facts(of status: FileStatus) -> (UInt64, UInt64, UInt64, UInt64) {
        (status.device, status.inode, UInt64(bitPattern: status.modified), UInt64(bitPattern: status.changed))
    }

    private func word(at offset: Int) -> UInt64 {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
    }

    private func nameLength(at place: Place) -> Int { Int(bytes[place]) | Int(bytes[place + 1]) << 8 }

    private func end(of place: Place) -> Int { place + Self.nameOffset + nameLength(at: place) + 1 }

    /// Below zero where the name at a place comes before the other one.
    private func order(of place: Place, to name: [UInt8]) -> Int32 {
        withName(at: place) { own in
            name.withUnsafeBytes { other in
                guard let left = own.baseAddress, let right = other.baseAddress else { return -1 }
                let order = memcmp(left, right, min(own.count, other.count))
                return order == 0 ? Int32(own.count - other.count) : order
            }
        }
    }

    private mutating func append(_ word: UInt64) {
        withUnsafeBytes(of: word) { bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ name: [UInt8], _ kind: FileKind?) -> Place {
        let place = bytes.count
        bytes.append(UInt8(truncatingIfNeeded: name.count))
        bytes.append(UInt8(truncatingIfNeeded: name.count >> 8))
        bytes.append(kind.map { $0.rawValue + 1 } ?? 0)
        bytes.append(contentsOf: repeatElement(0, count: Self.nameOffset - 3))
        bytes.append(contentsOf: name)
        bytes.append(0)
        return place
    }

    private mutating func copyFacts(of other: SeenFolder, at otherPlace: Place, to place: Place) {
        let range = 3..<Self.nameOffset
        bytes.replaceSubrange(
            place + range.lowerBound..<place + range.upperBound,
            with: other.bytes[otherPlace + range.lowerBound..<otherPlace + range.upperBound]
        )
    }
}
