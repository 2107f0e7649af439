import Layers
import Testing

@testable import Commands

@Suite("Results of one step, compared") struct LayerComparisonTests {
    @Test func `a time is told to the nanosecond where it has any`() throws {
        func text(_ old: UInt32, _ new: UInt32) throws -> [String] {
            let listings = [old, new].map { nanoseconds in
                let entry = TarEntry(
                    path: "d",
                    kind: .directory,
                    mode: 0o755,
                    modified: 1_700_000_000,
                    nanoseconds: nanoseconds
                )
                return LayerListing(items: .init([.init(entry: entry, dataOffset: 0)]))
            }
            return try listings[0].changes(to: listings[1]) { _, _ in true }.map { change in
                LayerComparison.causes(change, try #require(change.old), try #require(change.new), nil)
            }
        }
        #expect(try text(0, 5) == ["time 2023-11-14T22:13:20Z -> 2023-11-14T22:13:20.000000005Z"])
        #expect(
            try text(123_456_789, 120_000_000)
                == ["time 2023-11-14T22:13:20.123456789Z -> 2023-11-14T22:13:20.120000000Z"]
        )
    }
}
