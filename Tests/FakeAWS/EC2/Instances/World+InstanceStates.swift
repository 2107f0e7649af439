import OCI

extension World {
    mutating func settleInstance(_ id: String, _ region: String, now: Int64) {
        guard var instance = self[region].instances[id], instance.state != .terminated else { return }
        if instance.state == .running, let end = instance.ownEnd, now >= end {
            let next = instance.endsOnShutdown ? Instance.State.shuttingDown : .stopping
            leave(instance, for: next, "Client.InstanceInitiatedShutdown")
            instance = self[region].instances[id] ?? instance
        }
        let isDone =
            instance.state == .pending ? !instance.hasTree || machines.tree(id) == .ready : machines.isIdle(id)
        instance.settle(isDone: isDone, behaviour)
        self[region].instances[id] = instance
        if instance.state == .terminated, instance.hasTree { machines.remove(id) }
    }

    /// Begins to stop or to end an instance, with all that runs in it.
    mutating func leave(_ instance: Instance, for state: Instance.State, _ reason: String) {
        var instance = instance
        instance.state = state
        instance.reason = reason
        instance.polls = state == .stopping ? behaviour.stoppingInstancePolls : behaviour.endingInstancePolls
        instance.agent = Instance.Agent()
        self[instance.region].instances[instance.id] = instance
        machines.killAll(instance.id)
    }

    mutating func stopInstances(_ call: Invocation) throws(Failure) -> Outcome {
        if call.flag("Hibernate") {
            throw .ec2("UnsupportedHibernationConfiguration", "The instances were not started with hibernation.")
        }
        let instances = try instances(call)
        for instance in instances {
            if instance.isSpot {
                throw .ec2(
                    "UnsupportedOperation",
                    "You can't stop the Spot Instance '\(instance.id)' because it is associated with a one-time Spot "
                        + "Instance request. You can only stop Spot Instances associated with persistent Spot Instance "
                        + "requests."
                )
            }
            switch instance.state {
            case .running, .stopping, .stopped: break
            case .pending:
                throw .ec2(
                    "IncorrectInstanceState",
                    "Instance '\(instance.id)' cannot be stopped as it has never reached the 'running' state."
                )
            case .shuttingDown, .terminated:
                throw .ec2(
                    "IncorrectInstanceState",
                    "This instance '\(instance.id)' is not in a state from which it can be stopped."
                )
            }
        }
        for instance in instances where instance.state == .running {
            leave(instance, for: .stopping, "Client.UserInitiatedShutdown")
        }
        return .xml([changes(instances, call)])
    }

    mutating func terminateInstances(_ call: Invocation) throws(Failure) -> Outcome {
        let instances = try instances(call)
        for instance in instances where instance.state != .shuttingDown && instance.state != .terminated {
            leave(instance, for: .shuttingDown, "Client.UserInitiatedShutdown")
        }
        return .xml([changes(instances, call)])
    }

    private mutating func instances(_ call: Invocation) throws(Failure) -> [Instance] {
        var instances: [Instance] = []
        for id in call.texts("InstanceIds") { instances.append(try instance(id, call)) }
        return instances
    }

    /// From which state to which.
    private func changes(_ before: [Instance], _ call: Invocation) -> XML {
        func state(_ name: String, _ state: Instance.State) -> XML {
            XML(name, [XML("code", state.code), XML("name", state.rawValue)])
        }
        let items = before.map { instance in
            [
                XML("instanceId", instance.id),
                state("currentState", self[call.region].instances[instance.id]?.state ?? .terminated),
                state("previousState", instance.state),
            ]
        }
        return .items("instancesSet", items)
    }
}

extension Instance {
    /// When it shuts itself down, where what it runs at its start says so: `shutdown -h +120`.
    fileprivate var ownEnd: Int64? {
        guard let bytes = userData.flatMap({ Base64.decode($0) }),
            let found = String(decoding: bytes, as: UTF8.self).firstMatch(of: /(?m)^shutdown -h \+([0-9]+)$/),
            let minutes = Int64(found.output.1)
        else { return nil }
        return launchTime + minutes * 60
    }
}
