import Synchronization

extension FakeAWS {
    /// The launch templates of an account in a region, by their names.
    package func launchTemplates(_ region: String, of account: Account? = nil) -> [LaunchTemplate] {
        let owner = (account ?? accounts[0]).id
        let all = state.withLock { $0[region].launchTemplates.values.filter { $0.owner == owner } }
        return all.sorted { $0.name < $1.name }
    }
}
