import Layers
import Testing

@Suite("Arrays in pieces") struct PiecesTests {
    @Test func `pieces hold what an array would`() {
        var pieces = Pieces<Int>()
        for number in 0..<10_000 { pieces.append(number) }
        #expect(pieces.count == 10_000)
        #expect(pieces.elementsEqual(0..<10_000))
        pieces[4096] = -1
        #expect(pieces[4095...4097].elementsEqual([4095, -1, 4097]))
        let copy = pieces
        pieces.sort(by: >)
        #expect(pieces.last == -1)
        #expect(copy[4096] == -1)
        while pieces.count > 4096 { pieces.removeLast() }
        pieces.append(7)
        #expect(pieces.count == 4097)
        #expect(pieces.last == 7)
    }
}
