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
            let version = Parameter.Version(
                number: (parameter.versions.last?.number ?? 0) + 1,
                value: value,
                type: "String",
                dataType: value.hasPrefix("ami-") ? "aws:ec2:image" : "text",
                tier: "Standard",
                user: "",
                date: now
            )
            parameter.versions.append(version)
            world[region].publicParameters[name] = parameter
        }
    }
}
