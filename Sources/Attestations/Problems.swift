/// What is wrong with something of an image that was made by others: the first few, and how many more.
struct Problems: Hashable {
    /// In the order in which they were met; at most `limit`.
    private(set) var first: [String] = []
    private(set) var furtherCount = 0

    static let limit = 8

    mutating func add(_ problem: String) {
        if first.count < Self.limit { first.append(problem) } else { furtherCount += 1 }
    }

    var isEmpty: Bool { first.isEmpty }

    /// All in one line; empty where there are none.
    var text: String {
        (first + (furtherCount > 0 ? ["\(furtherCount) more"] : [])).joined(separator: "; ")
    }
}

/// The lines of a text, one at a time, without line feeds and carriage returns before them.
struct Lines: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private var place = 0
    /// The number of the line that came last, from 1.
    private(set) var number = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> ArraySlice<UInt8>? {
        guard place < bytes.count else { return nil }
        number += 1
        let start = place
        while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { place += 1 }
        var end = place
        place += 1
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return bytes[start..<end]
    }
}
