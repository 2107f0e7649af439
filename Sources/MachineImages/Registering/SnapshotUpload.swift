import AWS
import Disks
import Glibc
import HTTPTransport
import SystemIO

/// The blocks of a disk on their way into a snapshot, several at a time.
struct SnapshotUpload: Sendable {
    let disk: Descriptor
    let ebs: EBS
    let snapshot: String
    /// What has to be there in the end: those that the parent lacks or has otherwise, in order.
    let blocks: [BlockMap.Block]

    /// Sends what has not arrived yet, and gives how many that were.
    ///
    /// `arrived` is told of each, on any thread; `workers` are at work at a time, with one block each in memory.
    func run(
        skipping known: Set<Int>,
        workers: Int,
        arrived: @escaping @Sendable (Int) throws -> Void
    ) async throws -> Int {
        let missing = blocks.filter { !known.contains($0.index) }
        let queue = WorkQueue(missing)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<min(workers, missing.count) {
                group.addTask {
                    let content = BodyBuffer()
                    while let block = queue.next() {
                        try Task.checkCancellation()
                        try await BlockingPool.shared.run { try read(block.index, into: content) }
                        try await ebs.put(content, digest: block.digest, at: block.index, of: snapshot)
                        try arrived(block.index)
                    }
                }
            }
            try await group.waitForAll()
        }
        return missing.count
    }

    /// What the disk lacks at its end counts as zeros, and so does what is not in use any more.
    private func read(_ index: Int, into content: BodyBuffer) throws {
        try content.fill(BlockMap.blockSize) { bytes in
            let count = try disk.read(into: bytes, at: Int64(index) * Int64(BlockMap.blockSize))
            UnsafeMutableRawBufferPointer(rebasing: bytes[count...]).initializeMemory(as: UInt8.self, repeating: 0)
        }
    }
}

extension BlockMap {
    /// What a snapshot has to be sent, in order, to become this disk: of one with a parent only what differs.
    ///
    /// A block that is not in use any more is sent as zeros, for else the parent's would show.
    func blocks(over parent: BlockMap?) -> [Block] {
        guard let parent else { return blocks }
        let difference = parent.difference(to: self)
        let wanted = Set(difference.changed + difference.added)
        let removed = difference.removed.map { Block(index: $0, digest: Self.zeros) }
        return (blocks.filter { wanted.contains($0.index) } + removed).sorted { $0.index < $1.index }
    }

    /// The digest of a block of zeros.
    static let zeros = Digester.digest(of: [UInt8](repeating: 0, count: blockSize))
}
