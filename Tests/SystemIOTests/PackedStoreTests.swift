import SystemIO
import Testing

@Suite("Facts about many files, packed")
struct PackedStoreTests {
    @Test func `bytes come back as they were, over the borders of pieces`() {
        var store = ByteStore()
        let strings = (0..<5000).map { Array(repeating: UInt8($0 % 251), count: $0 * 37 % 4096) }
        let places = strings.map { store.append($0, [1, 2]) }
        for (string, place) in zip(strings, places) {
            #expect(store.bytes(at: place, length: string.count) == string)
            #expect(store.bytes(at: place, offset: string.count, length: 2) == [1, 2])
        }
        let whole = Array(repeating: UInt8(9), count: ByteStore.maximumLength)
        let (first, second) = (store.append(whole), store.append([]))
        #expect(store.bytes(at: first, length: whole.count) == whole)
        #expect(store.bytes(at: second, length: 0).isEmpty)
    }

    @Test func `paths come back whole`() {
        var store = PathStore()
        let paths = [
            "", "a", "a/b", "a/c", "a/b/c", "x", "a/d", "ä/ö", "a//b", "a/",
            String(repeating: "long/", count: 800) + "name",
        ].map { Array($0.utf8) }
        let places = paths.map { store.append($0, Array("target".utf8)) }
        for (path, place) in zip(paths, places) {
            #expect(store.path(at: place) == path)
            #expect(store.bytes(behind: place, length: 6) == Array("target".utf8))
            #expect(store.withPath(at: place) { Array($0) } == path)
            var text = Array("before ".utf8)
            store.copyPath(at: place, to: &text)
            #expect(text == Array("before ".utf8) + path)
        }
    }
}
