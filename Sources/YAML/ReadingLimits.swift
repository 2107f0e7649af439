/// How much a text may ask of its reader, so that a document built to explode is refused with a place.
package struct ReadingLimits: Sendable {
    /// Size of the text in bytes.
    package let bytes: Int
    /// Values in the whole tree, each alias counted as often as what it stands for.
    package let nodes: Int
    /// Collections inside of one another, aliases followed.
    package let depth: Int

    package init(bytes: Int = 16 << 20, nodes: Int = 100_000, depth: Int = 100) {
        self.bytes = bytes
        self.nodes = nodes
        self.depth = depth
    }

    /// 16 MiB, 100,000 values, 100 levels.
    package static let standard = ReadingLimits()
}
