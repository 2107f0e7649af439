extension World {
    /// Lets time pass for the snapshots of a region.
    mutating func settle(_ region: String, now: Int64) {
        for id in self[region].snapshots.keys { self[region].snapshots[id]?.settle(now: now) }
    }
}
