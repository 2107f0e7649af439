/// An array in pieces of 4,096 elements: growing it copies nothing of what it holds, and wastes at most one piece.
///
/// For facts about as many files as a layer may have.
package struct Pieces<Element>: RandomAccessCollection, MutableCollection {
    // In the module that uses it most, since from another one the compiler calls what is specialised for no element at all.
    @usableFromInline static var pieceLength: Int { 4096 }

    @usableFromInline var pieces: [[Element]] = []
    @usableFromInline var length = 0

    @inlinable
    package init() {}

    @inlinable
    package init(_ elements: some Sequence<Element>) {
        for element in elements { append(element) }
    }

    @inlinable package var count: Int { length }
    @inlinable package var startIndex: Int { 0 }
    @inlinable package var endIndex: Int { length }

    @inlinable
    package subscript(position: Int) -> Element {
        get { pieces[position / Self.pieceLength][position % Self.pieceLength] }
        _modify { yield &pieces[position / Self.pieceLength][position % Self.pieceLength] }
    }

    @inlinable
    package mutating func append(_ element: Element) {
        if length % Self.pieceLength == 0 {
            pieces.append([])
            // The first one grows as it needs, since most have few elements.
            if length > 0 { pieces[pieces.count - 1].reserveCapacity(Self.pieceLength) }
        }
        pieces[pieces.count - 1].append(element)
        length += 1
    }

    @inlinable
    package mutating func removeLast() {
        pieces[pieces.count - 1].removeLast()
        length -= 1
        if length % Self.pieceLength == 0 { pieces.removeLast() }
    }
}

extension Pieces: Sendable where Element: Sendable {}
