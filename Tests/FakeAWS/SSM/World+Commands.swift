import Crypto
import OCI
import SystemIO

extension World {
    mutating func sendCommand(_ call: Invocation) throws(Failure) -> Outcome {
        let name = call.text("DocumentName") ?? ""
        guard name == Command.shellDocument else {
            throw .ssm("InvalidDocument", "Document with name \(name) does not exist.")
        }
        let script = try ShellParameters(call.parameters["Parameters"])
        let ids = call.texts("InstanceIds")
        guard !ids.isEmpty else { throw .ssm("InvalidInstanceId", "No instances were named") }
        guard Set(ids).count == ids.count else { throw .ssm("DuplicateInstanceId", "An instance is there twice") }
        var offline: [String] = []
        for id in ids where !isOnline(id, call) { offline.append(id) }
        guard offline.isEmpty else { throw .ssmInvalidInstances(offline) }
        let number = String(newSerial(), radix: 16)
        let id = "c0000000-0000-4000-8000-\(String(repeating: "0", count: 12 - number.count))\(number)"
        var command = Command(
            id: id,
            account: call.account,
            region: call.region,
            documentName: name,
            parameters: call.parameters["Parameters"] ?? .object([:]),
            comment: call.text("Comment") ?? "",
            deliveryTimeout: Int64(call.number("TimeoutSeconds") ?? 3600),
            executionTimeout: script.timeout,
            bucket: call.text("OutputS3BucketName"),
            prefix: call.text("OutputS3KeyPrefix"),
            requested: call.now,
            invocations: [:]
        )
        for instance in ids {
            var invocation = Command.Invocation(
                unknownRequests: behaviour.unknownInvocationRequests,
                polls: behaviour.pendingInvocationPolls
            )
            if !behaviour.commandsStay {
                let run = "\(id).\(instance)"
                invocation.run = run
                invocation.status = .inProgress
                machines.start(
                    AgentOrder(
                        id: run,
                        instance: instance,
                        region: call.region,
                        command: id,
                        script: script.text,
                        workingFolder: script.folder
                    )
                )
            }
            command.invocations[instance] = invocation
        }
        self[call.region].commands[id] = command
        return .json(200, .object(["Command": command.document]))
    }

    func command(_ call: Invocation) throws(Failure) -> Command {
        let id = call.text("CommandId") ?? ""
        guard let command = self[call.region].commands[id], command.account == call.account else {
            throw .ssm("InvalidCommandId")
        }
        return command
    }

    mutating func cancelCommand(_ call: Invocation) throws(Failure) -> Outcome {
        let command = try command(call)
        let asked = call.texts("InstanceIds")
        if let other = asked.first(where: { command.invocations[$0] == nil }) { throw .ssmInvalidInstances([other]) }
        for (id, invocation) in command.invocations where asked.isEmpty || asked.contains(id) {
            guard !invocation.status.isOver else { continue }
            if let run = invocation.run {
                machines.kill(run)
                self[call.region].commands[command.id]?.invocations[id]?.status = .cancelling
            } else {
                self[call.region].commands[command.id]?.invocations[id]?.status = .cancelled
            }
        }
        return .json(200, .object([:]))
    }

    func listCommands(_ call: Invocation) throws(Failure) -> Outcome {
        if call.text("CommandId") != nil { _ = try command(call) }
        let chosen = self[call.region].commands.values.filter { command in
            command.account == call.account && call.text("CommandId").map { $0 == command.id } ?? true
                && call.text("InstanceId").map { command.invocations[$0] != nil } ?? true
        }
        // The newest comes first.
        let (page, next) = try tokenPage(chosen.sorted { $0.id > $1.id }.map(\.document), call, most: 50)
        return .json(200, .object(["Commands": .array(page), "NextToken": next]))
    }

    // MARK: What agents do

    /// Takes over what became of commands.
    mutating func settleCommands(now: Int64) {
        for region in regions.keys {
            for (id, command) in self[region].commands {
                for (instance, invocation) in command.invocations where !invocation.status.isOver {
                    settle(command, instance, invocation, now: now)
                    if self[region].commands[id]?.invocations[instance]?.status.isOver == true {
                        self[region].commands[id]?.invocations[instance]?.end = now
                    }
                }
            }
        }
    }

    private mutating func settle(
        _ command: Command,
        _ instance: String,
        _ invocation: Command.Invocation,
        now: Int64
    ) {
        var invocation = invocation
        defer { self[command.region].commands[command.id]?.invocations[instance] = invocation }
        guard let id = invocation.run, let run = machines.run(id) else {
            if now > command.requested + command.deliveryTimeout {
                (invocation.status, invocation.details) = (.timedOut, "DeliveryTimedOut")
            }
            return
        }
        if run.starts > 1 + invocation.reboots {
            invocation.reboots = run.starts - 1
            let polls = behaviour.lostAgentPolls
            self[command.region].instances[instance]?.agent.lostPolls = polls
        }
        let isLate = now > command.requested + command.executionTimeout
        guard let status = run.status else {
            if isLate {
                (invocation.status, invocation.details) = (.timedOut, "ExecutionTimedOut")
                machines.kill(id)
            }
            return
        }
        switch invocation.status {
        case .cancelling: invocation.status = .cancelled
        case _ where run.isKilled:
            // The machine went away from below the agent, which says nothing any more.
            if isLate { (invocation.status, invocation.details) = (.timedOut, "ExecutionTimedOut") }
            return
        default: invocation.status = status == 0 ? .success : .failed
        }
        invocation.responseCode = status
        (invocation.output, invocation.error) = (run.output, run.error)
        upload(command, instance, invocation, now: now)
    }

    /// The agent says nothing of a bucket that it may not write to, and writes no empty object.
    private mutating func upload(
        _ command: Command,
        _ instance: String,
        _ invocation: Command.Invocation,
        now: Int64
    ) {
        guard behaviour.agentsMayWrite, let bucket = command.bucket, buckets[bucket]?.owner == command.account,
            let place = self[command.region].instances[instance],
            let network = networks(place.region, place.owner).first(where: { $0.subnet == place.subnet }),
            network.reaches("s3", isPublic: place.isPublic)
        else { return }
        for (name, content) in [("stdout", invocation.output), ("stderr", invocation.error)] where !content.isEmpty {
            buckets[bucket]?.objects[command.key(name, instance)] = Bucket.Object(
                body: content,
                tag: hexadecimal(Insecure.MD5.hash(data: content)),
                type: "text/plain; charset=utf-8",
                checksums: [:],
                modified: now
            )
        }
    }
}

extension Command {
    fileprivate var document: JSONValue {
        let ended = invocations.values.count { $0.status.isOver }
        let wrong = invocations.values.count { $0.status.isOver && $0.status != .success }
        return .object([
            "CommandId": .string(id),
            "DocumentName": .string(documentName),
            "DocumentVersion": "$DEFAULT",
            "Comment": .string(comment),
            "ExpiresAfter": .integer(requested + deliveryTimeout + executionTimeout),
            "Parameters": parameters,
            "InstanceIds": .strings(invocations.keys.sorted()),
            "Targets": .array([]),
            "RequestedDateTime": .integer(requested),
            "Status": .string(status.rawValue),
            "StatusDetails": .string(status.rawValue),
            "OutputS3Region": .string(region),
            "OutputS3BucketName": .string(bucket ?? ""),
            "OutputS3KeyPrefix": .string(prefix ?? ""),
            "MaxConcurrency": "50",
            "MaxErrors": "0",
            "TargetCount": .integer(Int64(invocations.count)),
            "CompletedCount": .integer(Int64(ended)),
            "ErrorCount": .integer(Int64(wrong)),
            "TimeoutSeconds": .integer(deliveryTimeout),
        ])
    }
}
