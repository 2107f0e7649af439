extension World {
    /// Lets time pass for what is in a region.
    mutating func settle(_ region: String, now: Int64) {
        for id in self[region].snapshots.keys { self[region].snapshots[id]?.settle(now: now) }
        for id in self[region].instances.keys { settleInstance(id, region, now: now) }
        for (id, image) in self[region].images where image.isCopying {
            let isThere = machines.tree(id) == .ready
            self[region].images[id]?.isCopying = !isThere
        }
        settleCommands(now: now)
    }
}
