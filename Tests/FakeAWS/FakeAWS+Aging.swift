import Synchronization

extension FakeAWS {
    /// Lets a snapshot or an image be older by so many seconds.
    package func makeOlder(_ id: String, seconds: Int64) {
        state.withLock { world in
            for region in world.regions.keys {
                world[region].images[id]?.creationTime -= seconds
                world[region].snapshots[id]?.startTime -= seconds
            }
        }
    }
}
