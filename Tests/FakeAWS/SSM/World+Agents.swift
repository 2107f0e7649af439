import OCI

extension World {
    /// Whether an instance has an agent that may register: its role lets it, and it reaches the service.
    private mutating func hasAgent(_ instance: Instance) -> Bool {
        guard instance.state == .running, instance.hasTree,
            let profile = instance.profile.flatMap({ profile($0, of: instance.owner) }), profile.letsAgentRegister
        else { return false }
        let networks = networks(instance.region, instance.owner)
        return networks.first { $0.subnet == instance.subnet }?.letsAgentRegister(isPublic: instance.isPublic) ?? false
    }

    /// Whether the agent takes commands: it registers with the first look at it for which it is due.
    mutating func isOnline(_ id: String, _ call: Invocation) -> Bool {
        guard let instance = self[call.region].instances[id], instance.owner == call.account, hasAgent(instance) else {
            return false
        }
        guard instance.agent.unknownPolls == 0, call.now >= instance.launchTime + behaviour.agentSeconds else {
            return false
        }
        if instance.agent.registered == nil { self[call.region].instances[id]?.agent.registered = call.now }
        return true
    }

    mutating func describeInstanceInformation(_ call: Invocation) throws(Failure) -> Outcome {
        var filters: [Filter] = []
        for item in call.items("Filters") {
            let name = item["Key"]?.stringValue ?? ""
            guard ["InstanceIds", "PingStatus", "PlatformTypes", "ResourceType"].contains(name) else {
                throw .ssm("InvalidFilterKey", "The filter key '\(name)' is not valid")
            }
            let values = item["Values"]?.arrayValue?.compactMap(\.stringValue) ?? []
            if name == "InstanceIds", let wrong = values.first(where: { !$0.hasPrefix("i-") && !$0.hasPrefix("mi-") }) {
                throw .ssm("InvalidInstanceInformationFilterValue", "'\(wrong)' is no instance id")
            }
            filters.append(Filter(name: name, values: values))
        }
        var found: [JSONValue] = []
        for id in self[call.region].instances.keys.sorted() {
            guard isOnline(id, call), let instance = self[call.region].instances[id] else {
                // Each look at it counts.
                if let polls = self[call.region].instances[id]?.agent.unknownPolls, polls > 0,
                    self[call.region].instances[id]?.state == .running
                {
                    self[call.region].instances[id]?.agent.unknownPolls -= 1
                }
                continue
            }
            let isLost = instance.agent.lostPolls > 0
            if isLost { self[call.region].instances[id]?.agent.lostPolls -= 1 }
            let ping = isLost ? "ConnectionLost" : "Online"
            let fields = [
                "InstanceIds": [id], "PingStatus": [ping], "PlatformTypes": ["Linux"], "ResourceType": ["EC2Instance"],
            ]
            if filters.allSatisfy({ $0.fits(fields, [:]) }) { found.append(instance.information(ping, call)) }
        }
        let (page, next) = try tokenPage(found, call, most: 50)
        return .json(200, .object(["InstanceInformationList": .array(page), "NextToken": next]))
    }

    /// A page of a list as Systems Manager has it.
    func tokenPage(
        _ items: [JSONValue],
        _ call: Invocation,
        most: Int
    ) throws(Failure) -> (items: [JSONValue], next: JSONValue?) {
        var start = 0
        if let token = call.text("NextToken") {
            guard let position = Int(token), position <= items.count else {
                throw .ssm("InvalidNextToken", "The specified token isn't valid.")
            }
            start = position
        }
        let end = min(items.count, start + (call.number("MaxResults") ?? most))
        return (Array(items[start..<end]), end < items.count ? .string(String(end)) : nil)
    }
}

extension Instance {
    fileprivate func information(_ ping: String, _ call: Invocation) -> JSONValue {
        .object([
            "InstanceId": .string(id),
            "PingStatus": .string(ping),
            "LastPingDateTime": .integer(call.now),
            "AgentVersion": "3.3.1611.0",
            "IsLatestVersion": false,
            "PlatformType": "Linux",
            "PlatformName": "Linux",
            "PlatformVersion": "0",
            "ResourceType": "EC2Instance",
            "RegistrationDate": agent.registered.map(JSONValue.integer),
            "IPAddress": "172.31.0.10",
            "ComputerName": .string("ip-172-31-0-10.\(region).compute.internal"),
            "SourceId": .string(id),
            "SourceType": "AWS::EC2::Instance",
        ])
    }
}
