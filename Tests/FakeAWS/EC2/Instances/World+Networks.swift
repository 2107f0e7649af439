import OCI

extension World {
    /// All types with a valid name are there, of which a list without a filter names a few.
    func describeInstanceTypeOfferings(_ call: Invocation) throws(Failure) -> Outcome {
        let filters = try Filter.all(call, known: ["instance-type", "location"])
        let type = call.text("LocationType") ?? "region"
        let location = type == "region" ? call.region : Network.zone(call.region)
        let asked = filters.filter { $0.name == "instance-type" }.flatMap(\.values)
        let names = Set(asked.filter { InstanceType($0) != nil } + ["c7i.large", "m7g.large", "m7i.large", "t3.micro"])
        let items = names.subtracting(behaviour.unoffered).sorted().compactMap { name -> [XML]? in
            let fields = ["instance-type": [name], "location": [location]]
            guard filters.allSatisfy({ $0.fits(fields, [:]) }) else { return nil }
            return [XML("instanceType", name), XML("locationType", type), XML("location", location)]
        }
        let page = try paged(items, call)
        return .xml([.items("instanceTypeOfferingSet", page.items)] + [page.next].compactMap(\.self))
    }

    mutating func describeSubnets(_ call: Invocation) throws(Failure) -> Outcome {
        let known: Set<String> = [
            "availability-zone", "default-for-az", "map-public-ip-on-launch", "owner-id", "state", "subnet-id",
            "vpc-id",
        ]
        let filters = try Filter.all(call, known: known)
        var networks = networks(call.region, call.account)
        for id in call.texts("SubnetIds") { _ = try network(ofSubnet: id, call) }
        if !call.items("SubnetIds").isEmpty {
            networks = networks.filter { call.texts("SubnetIds").contains($0.subnet) }
        }
        let zone = Network.zone(call.region)
        let chosen = networks.filter { network in
            let fields = [
                "availability-zone": [zone], "default-for-az": [String(network.isDefault)],
                "map-public-ip-on-launch": [String(network.mapsPublicAddresses)], "owner-id": [call.account],
                "state": ["available"], "subnet-id": [network.subnet], "vpc-id": [network.vpc],
            ]
            return filters.allSatisfy { $0.fits(fields, [:]) }
        }
        let page = try paged(chosen, call)
        let items = page.items.map { network in
            [
                XML("subnetId", network.subnet),
                XML("state", "available"),
                XML("vpcId", network.vpc),
                XML("cidrBlock", "172.31.0.0/20"),
                XML("availableIpAddressCount", 4091),
                XML("availabilityZone", zone),
                XML("defaultForAz", network.isDefault),
                XML("mapPublicIpOnLaunch", network.mapsPublicAddresses),
                XML("ownerId", call.account),
            ]
        }
        return .xml([.items("subnetSet", items)] + [page.next].compactMap(\.self))
    }

    mutating func network(ofSubnet id: String, _ call: Invocation) throws(Failure) -> Network {
        try checkID(id, "subnet-", "InvalidSubnetID.Malformed")
        guard let network = networks(call.region, call.account).first(where: { $0.subnet == id }) else {
            throw .ec2("InvalidSubnetID.NotFound", "The subnet ID '\(id)' does not exist")
        }
        return network
    }

    mutating func describeVpcEndpoints(_ call: Invocation) throws(Failure) -> Outcome {
        let known: Set<String> = [
            "service-name", "vpc-endpoint-id", "vpc-endpoint-state", "vpc-endpoint-type", "vpc-id",
        ]
        let filters = try Filter.all(call, known: known)
        var chosen: [[XML]] = []
        var ids = Set(call.texts("VpcEndpointIds"))
        for network in networks(call.region, call.account) {
            for (name, id) in network.endpoints.sorted(by: { $0.key < $1.key }) {
                let service = "com.amazonaws.\(call.region).\(name)"
                // S3's needs no interface in the subnet, but a route.
                let isGateway = name == "s3"
                let type = isGateway ? "Gateway" : "Interface"
                let fields = [
                    "service-name": [service], "vpc-endpoint-id": [id], "vpc-endpoint-state": ["available"],
                    "vpc-endpoint-type": [type], "vpc-id": [network.vpc],
                ]
                let isAsked = call.items("VpcEndpointIds").isEmpty || ids.remove(id) != nil
                guard isAsked, filters.allSatisfy({ $0.fits(fields, [:]) }) else { continue }
                let tables = isGateway ? [network.ownTable ?? network.mainTable] : []
                chosen.append([
                    XML("vpcEndpointId", id),
                    XML("vpcEndpointType", type),
                    XML("vpcId", network.vpc),
                    XML("serviceName", service),
                    XML("state", "available"),
                    XML("routeTableIdSet", tables.map { XML("item", $0) }),
                    XML("subnetIdSet", isGateway ? [] : [XML("item", network.subnet)]),
                    XML("privateDnsEnabled", !isGateway),
                    XML("ownerId", call.account),
                ])
            }
        }
        if let id = ids.min() {
            throw .ec2("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '\(id)' does not exist")
        }
        let page = try paged(chosen, call)
        return .xml([.items("vpcEndpointSet", page.items)] + [page.next].compactMap(\.self))
    }

    mutating func describeRouteTables(_ call: Invocation) throws(Failure) -> Outcome {
        let known: Set<String> = [
            "association.main", "association.route-table-id", "association.subnet-id", "route-table-id", "vpc-id",
        ]
        let filters = try Filter.all(call, known: known)
        let tables = networks(call.region, call.account).flatMap { $0.tables }
        for id in call.texts("RouteTableIds") where !tables.contains(where: { $0.id == id }) {
            throw .ec2("InvalidRouteTableID.NotFound", "The routeTable ID '\(id)' does not exist")
        }
        let asked = call.texts("RouteTableIds")
        let chosen = tables.filter { table in
            (asked.isEmpty || asked.contains(table.id)) && filters.allSatisfy { $0.fits(table.fields, [:]) }
        }
        let page = try paged(chosen, call)
        return .xml([.items("routeTableSet", page.items.map(\.xml))] + [page.next].compactMap(\.self))
    }
}

extension Network {
    fileprivate struct Table {
        var id: String
        var vpc: String
        /// Nil for the main table, which is for all subnets that have none of their own.
        var subnet: String?
        var way: Way
    }

    fileprivate var tables: [Table] {
        let main = Table(id: mainTable, vpc: vpc, way: ownTable == nil ? way : .none)
        return [main] + (ownTable.map { [Table(id: $0, vpc: vpc, subnet: subnet, way: way)] } ?? [])
    }
}

extension Network.Table {
    fileprivate var fields: [String: [String]] {
        [
            "association.main": [String(subnet == nil)], "association.route-table-id": [id],
            "association.subnet-id": subnet.map { [$0] } ?? [], "route-table-id": [id], "vpc-id": [vpc],
        ]
    }

    fileprivate var xml: [XML] {
        let local = [
            XML("destinationCidrBlock", "172.31.0.0/16"), XML("gatewayId", "local"), XML("state", "active"),
            XML("origin", "CreateRouteTable"),
        ]
        let digits = id.dropFirst("rtb-".utf8.count)
        let gateway: XML? =
            switch way {
            case .internetGateway: XML("gatewayId", "igw-\(digits)")
            case .natGateway: XML("natGatewayId", "nat-\(digits)")
            case .none: nil
            }
        let out = gateway.map { gateway in
            [XML("destinationCidrBlock", "0.0.0.0/0"), gateway, XML("state", "active"), XML("origin", "CreateRoute")]
        }
        let association = [
            XML("routeTableAssociationId", "rtbassoc-\(digits)"),
            XML("routeTableId", id),
            XML("subnetId", subnet),
            XML("main", subnet == nil),
            XML("associationState", [XML("state", "associated")]),
        ]
        return [
            XML("routeTableId", id),
            XML("vpcId", vpc),
            .items("routeSet", [local] + [out].compactMap(\.self)),
            .items("associationSet", [association.compactMap(\.self)]),
        ]
    }
}
