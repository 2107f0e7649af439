import AWS
import Disks

/// Finds which blocks of a snapshot are as a disk has them, by reading them.
///
/// A block that the disk does not use has to be zeros.
///
/// Reading a block costs half of writing it, so that it pays where at least half of them need not be written: some are read
/// first, and where most of those differ, there is nothing to gain. That is a matter of cost alone.
///
/// Source: Amazon EBS User Guide, "Pricing for EBS direct APIs".
struct ParentReading: Sendable {
    let map: BlockMap
    let parent: String
    let stored: [EBS.StoredBlock]
    let ebs: EBS

    /// So many are read before it is known whether the others are worth it.
    static let firstCount = 64

    /// The blocks that a snapshot over the parent has to be sent, in order; nil where one over nothing costs no more.
    ///
    /// `workers` are read at a time.
    func differing(workers: Int) async throws -> [BlockMap.Block]? {
        let count = stored.count
        let isFirst = Set((0..<min(count, Self.firstCount)).map { $0 * count / min(count, Self.firstCount) })
        let first = isFirst.sorted().map { stored[$0] }
        var equal = try await equal(first, workers: workers)
        guard equal.count * 2 >= first.count else { return nil }
        let others = stored.indices.filter { !isFirst.contains($0) }.map { stored[$0] }
        equal.formUnion(try await self.equal(others, workers: workers))
        let used = Set(map.blocks.map(\.index))
        let unused = stored.filter { !used.contains($0.index) }.map {
            BlockMap.Block(index: $0.index, digest: BlockMap.zeros)
        }
        let differing = (map.blocks + unused).filter { !equal.contains($0.index) }
        return differing.count < map.blocks.count ? differing.sorted { $0.index < $1.index } : nil
    }

    /// The places of those that are as they should be.
    private func equal(_ blocks: [EBS.StoredBlock], workers: Int) async throws -> Set<Int> {
        let wanted = Dictionary(uniqueKeysWithValues: map.blocks.map { ($0.index, $0.digest) })
        let queue = WorkQueue(blocks)
        return try await withThrowingTaskGroup(of: Set<Int>.self) { group in
            for _ in 0..<min(workers, blocks.count) {
                group.addTask {
                    var equal: Set<Int> = []
                    while let block = queue.next() {
                        try Task.checkCancellation()
                        let found = try await ebs.digest(of: block, in: parent)
                        if found == wanted[block.index] ?? BlockMap.zeros { equal.insert(block.index) }
                    }
                    return equal
                }
            }
            return try await group.reduce(into: []) { $0.formUnion($1) }
        }
    }
}
