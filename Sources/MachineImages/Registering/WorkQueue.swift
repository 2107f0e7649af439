import Synchronization

/// What several workers take from, each thing once.
final class WorkQueue<Thing: Sendable>: Sendable {
    private let things: Mutex<ArraySlice<Thing>>

    init(_ things: [Thing]) { self.things = Mutex(things[...]) }

    func next() -> Thing? { things.withLock { $0.popFirst() } }
}
