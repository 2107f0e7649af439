import Synchronization

extension FakeAWS {
    /// The repositories of an account in a region, by their names.
    package func repositories(_ region: String, of account: Account? = nil) -> [Repository] {
        let owner = (account ?? accounts[0]).id
        return state.withLock { $0[region].repositories[owner] ?? [:] }.values.sorted { $0.name < $1.name }
    }

    /// Where the registry of all accounts is from now on; nil is the address that AWS has for each.
    package func setRegistry(_ endpoint: String?) { state.withLock { $0.registryEndpoint = endpoint } }

    /// Whether a password is one that was given and is still good.
    package func isRegistryPassword(_ password: String) -> Bool {
        let now = clock.now
        return state.withLock { ($0.registryPasswords[password] ?? 0) > now }
    }
}
