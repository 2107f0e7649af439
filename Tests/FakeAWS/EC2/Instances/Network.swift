/// A VPC with one subnet, in which instances start.
package struct Network: Sendable {
    var vpc: String
    var subnet: String
    /// The default security group.
    var group: String
    /// The main route table; it knows no way out except in the default VPC.
    var mainTable: String
    /// The subnet's own; the default VPC's has none.
    var ownTable: String?
    var isDefault: Bool
    var mapsPublicAddresses: Bool
    var way: Way
    /// By what comes after the region in the service's name: `ssm`.
    var endpoints: [String: String]

    /// How a subnet reaches the world.
    package enum Way: String, Sendable, Hashable {
        case internetGateway
        case natGateway
        case none
    }

    /// Whether an instance reaches a service of AWS.
    func reaches(_ service: String, isPublic: Bool) -> Bool {
        switch way {
        case .internetGateway: isPublic || endpoints[service] != nil
        case .natGateway: true
        case .none: endpoints[service] != nil
        }
    }

    func letsAgentRegister(isPublic: Bool) -> Bool {
        ["ssm", "ssmmessages"].allSatisfy { reaches($0, isPublic: isPublic) }
    }

    static func zone(_ region: String) -> String { "\(region)a" }
}

extension World {
    /// The networks of an account in a region, the default one first.
    mutating func networks(_ region: String, _ account: String) -> [Network] {
        if let known = self[region].networks[account] { return known }
        let first = newNetwork(.internetGateway, endpoints: [], isDefault: true, mapsPublicAddresses: true)
        self[region].networks[account] = [first]
        return [first]
    }

    mutating func newNetwork(
        _ way: Network.Way,
        endpoints: Set<String>,
        isDefault: Bool,
        mapsPublicAddresses: Bool
    ) -> Network {
        Network(
            vpc: newID("vpc"),
            subnet: newID("subnet"),
            group: newID("sg"),
            mainTable: newID("rtb"),
            ownTable: isDefault ? nil : newID("rtb"),
            isDefault: isDefault,
            mapsPublicAddresses: mapsPublicAddresses,
            way: way,
            endpoints: Dictionary(uniqueKeysWithValues: endpoints.sorted().map { ($0, newID("vpce")) })
        )
    }
}
