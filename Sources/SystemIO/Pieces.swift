/// An array in pieces of 4,096 elements: growing it copies nothing of what it holds, and wastes at most one piece.
///
/// For facts about as many files as a layer may have.
package struct Pieces<Element>: RandomAccessCollection, MutableCollection {
    private static var pieceLength: Int { 4096 }

    private var pieces: [[Element]] = []
    package private(set) var count = 0

    package init() {}

    package init(_ elements: some Sequence<Element>) {
        for element in elements { append(element) }
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { count }

    package subscript(position: Int) -> Element {
        get { pieces[position / Self.pieceLength][position % Self.pieceLength] }
        _modify { yield &pieces[position / Self.pieceLength][position % Self.pieceLength] }
    }

    package mutating func append(_ element: Element) {
        if count % Self.pieceLength == 0 {
            pieces.append([])
            // The first one grows as it needs, since most have few elements.
            if count > 0 { pieces[pieces.count - 1].reserveCapacity(Self.pieceLength) }
        }
        pieces[pieces.count - 1].append(element)
        count += 1
    }

    package mutating func removeLast() {
        pieces[pieces.count - 1].removeLast()
        count -= 1
        if count % Self.pieceLength == 0 { pieces.removeLast() }
    }
}

extension Pieces: Sendable where Element: Sendable {}
