import Synchronization

extension FakeAWS {
    /// The parameters of an account in a region that whoever asked would find, by their names.
    package func parameters(_ region: String, of account: Account? = nil) -> [Parameter] {
        let owner = (account ?? accounts[0]).id
        let all = state.withLock { $0[region].parameters[owner] ?? [:] }
        return all.values.filter { !$0.versions.isEmpty }.sorted { $0.name < $1.name }
    }

    /// Lets AWS put a parameter that all accounts can read: `/aws/service/...`.
    package func setPublicParameter(_ name: String, to value: String, region: String = "eu-west-1") {
        precondition(name.hasPrefix("/aws/service/"), "'\(name)' is not a name of a public parameter")
        let now = clock.now
        state.withLock { world in
            var parameter =
                world[region].publicParameters[name] ?? Parameter(name: name, owner: nil, region: region)
            parameter.add(value, now: now)
            world[region].publicParameters[name] = parameter
        }
    }

    /// Lets somebody put a parameter of the account.
    package func setParameter(_ name: String, to value: String, region: String = "eu-west-1") {
        let (owner, now) = (accounts[0].id, clock.now)
        state.withLock { world in
            var parameter =
                world[region].parameters[owner]?[name] ?? Parameter(name: name, owner: owner, region: region)
            parameter.add(value, now: now)
            world[region].parameters[owner, default: [:]][name] = parameter
        }
    }
}

extension Parameter {
    fileprivate mutating func add(_ value: String, now: Int64) {
        let version = Version(
            number: (versions.last?.number ?? 0) + 1,
            value: value,
            type: "String",
            dataType: value.hasPrefix("ami-") ? "aws:ec2:image" : "text",
            tier: "Standard",
            user: "",
            date: now
        )
        versions.append(version)
    }
}
