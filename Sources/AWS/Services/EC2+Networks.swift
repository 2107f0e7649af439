extension EC2 {
    /// The network that a subnet is in; nil where there is no such subnet.
    package func network(ofSubnet id: String) async throws -> String? {
        var form = QueryForm("DescribeSubnets", version: Self.version)
        form.add("SubnetId", list: [id])
        do {
            let answer: SubnetAnswer = try await session.xml(call("DescribeSubnets", form), in: region)
            return answer.subnetSet.items.first?.vpcId
        } catch let error as ServiceError where error.code == "InvalidSubnetID.NotFound" {
            return nil
        }
    }

    /// Whether a subnet's machines have a way out of their network, to wherever it leads.
    ///
    /// A subnet without a table of routes of its own has its network's main one.
    package func hasWayOut(subnet: String, network: String) async throws -> Bool {
        let own = try await routes { form in
            form.add("Filter.1.Name", "association.subnet-id")
            form.add("Filter.1.Value", list: [subnet])
        }
        if let own { return own }
        return try await routes { form in
            form.add("Filter.1.Name", "vpc-id")
            form.add("Filter.1.Value", list: [network])
            form.add("Filter.2.Name", "association.main")
            form.add("Filter.2.Value", list: ["true"])
        } ?? false
    }

    /// Nil where no table is found.
    private func routes(_ choose: (inout QueryForm) -> Void) async throws -> Bool? {
        var form = QueryForm("DescribeRouteTables", version: Self.version)
        choose(&form)
        let answer: RouteAnswer = try await session.xml(call("DescribeRouteTables", form), in: region)
        guard let table = answer.routeTableSet.items.first else { return nil }
        return (table.routeSet?.items ?? []).contains { route in
            ["0.0.0.0/0", "::/0"].contains(route.destinationCidrBlock ?? route.destinationIpv6CidrBlock)
                && route.state != "blackhole"
        }
    }

    /// The services that a network has endpoints for, as in `com.amazonaws.eu-west-1.ssm`.
    package func endpoints(ofNetwork network: String) async throws -> Set<String> {
        var form = QueryForm("DescribeVpcEndpoints", version: Self.version)
        form.add("Filter.1.Name", "vpc-id")
        form.add("Filter.1.Value", list: [network])
        form.add("Filter.2.Name", "vpc-endpoint-state")
        form.add("Filter.2.Value", list: ["available"])
        let answer: EndpointAnswer = try await session.xml(call("DescribeVpcEndpoints", form), in: region)
        return Set(answer.vpcEndpointSet.items.compactMap(\.serviceName))
    }

    private struct SubnetAnswer: Decodable { var subnetSet: Items<Subnet> }

    private struct Subnet: Decodable { var vpcId: String? }

    private struct RouteAnswer: Decodable { var routeTableSet: Items<RouteTable> }

    private struct RouteTable: Decodable { var routeSet: Items<Route>? }

    private struct Route: Decodable {
        var destinationCidrBlock: String?
        var destinationIpv6CidrBlock: String?
        var state: String?
    }

    private struct EndpointAnswer: Decodable { var vpcEndpointSet: Items<Endpoint> }

    private struct Endpoint: Decodable { var serviceName: String? }
}
