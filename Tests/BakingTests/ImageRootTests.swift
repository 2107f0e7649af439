import Layers
import SystemIO
import TestSupport
import Testing

@testable import Baking

@Suite("The tree of an image") struct ImageRootTests {
    private static let mebibyte = 1 << 20
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A layer with a file of a length behind a block of something else; what is stored of it may be less.
    private func root(size: Int, stored: Int) throws -> (root: ImageRoot, content: [UInt8]) {
        let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 + $0 >> 8) }
        let file = try folder.write(
            [UInt8](repeating: 1, count: 512) + content.prefix(stored),
            to: "layer"
        )
        let item = LayerListing.Item(entry: .regular("file", size: Int64(size)), dataOffset: 512)
        let tree = try MergedTree(layers: [LayerListing(items: .init([item]))])
        return (ImageRoot(tree: tree, blobs: [try .openForReading(file)]), content)
    }

    @Test(arguments: [0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 2 * mebibyte + 3])
    func `hands a file over in pieces`(size: Int) throws {
        let (root, content) = try root(size: size, stored: size)
        var pieces: [Int] = []
        var bytes: [UInt8] = []
        let isThere = try root.forEachPiece(of: "/file", limit: Int64(size)) {
            pieces.append($0.count)
            bytes += $0
        }
        #expect(isThere && bytes == content)
        #expect(pieces.count == (size + Self.mebibyte - 1) / Self.mebibyte)
        #expect(try root.contents(of: "/file", limit: Int64(size)) == content)
    }

    @Test func `has no pieces of what is not there`() throws {
        let isThere = try root(size: 1, stored: 1).root.forEachPiece(of: "/other", limit: 1) { _ in
            Issue.record("there is a piece")
        }
        #expect(!isThere)
    }

    @Test func `refuses a file that is too large, and one that a layer cuts`() throws {
        let large = #expect(throws: StepError.self) {
            try root(size: 3, stored: 3).root.contents(of: "/file", limit: 2)
        }
        #expect(large?.description == "'/file' of the image has 3 bytes, more than 2")
        let cut = #expect(throws: StepError.self) { try root(size: 3, stored: 2).root.contents(of: "/file", limit: 3) }
        #expect(cut?.description == "the layer that holds '/file' ends too early")
    }
}
