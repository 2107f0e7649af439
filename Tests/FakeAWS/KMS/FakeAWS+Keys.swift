import Synchronization

extension FakeAWS {
    /// Makes a key, or lets an existing one be another; its grants stay.
    package func setKey(_ key: Key) {
        let now = clock.now
        state.withLock { world in
            var key = key
            let known = world[key.region].keys[key.arn]
            key.grants = known?.grants ?? []
            key.date = known?.date ?? now
            world[key.region].keys[key.arn] = key
        }
    }

    package func key(_ arn: String) -> Key? {
        state.withLock { world in world.regions.values.compactMap { $0.keys[arn] }.first }
    }
}
