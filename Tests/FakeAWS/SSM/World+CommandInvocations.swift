import OCI

extension World {
    mutating func getCommandInvocation(_ call: Invocation) throws(Failure) -> Outcome {
        let id = call.text("InstanceId") ?? ""
        guard let command = try? command(call), var invocation = command.invocations[id] else {
            throw .ssm("InvocationDoesNotExist")
        }
        if let plugin = call.text("PluginName"), plugin != Command.plugin, plugin != "aws:runShellScript" {
            throw .ssm("InvalidPluginName")
        }
        let isUnknown = invocation.unknownRequests > 0
        let isFirst = invocation.polls == behaviour.pendingInvocationPolls
        let isHidden = !isUnknown && invocation.polls > 0
        if isUnknown { invocation.unknownRequests -= 1 } else if isHidden { invocation.polls -= 1 }
        self[call.region].commands[command.id]?.invocations[id] = invocation
        if isUnknown { throw .ssm("InvocationDoesNotExist") }
        if isHidden {
            let status = isFirst ? Command.Status.pending : .inProgress
            invocation = Command.Invocation(run: invocation.run, status: status, unknownRequests: 0, polls: 0)
        }
        return .json(200, command.document(of: invocation, in: id))
    }
}

extension Command {
    fileprivate func document(of invocation: Invocation, in instance: String) -> JSONValue {
        func link(_ stream: String) -> JSONValue {
            .string(bucket.map { "https://s3.\(region).amazonaws.com/\($0)/\(key(stream, instance))" } ?? "")
        }
        let isBegun = invocation.status != .pending
        return .object([
            "CommandId": .string(id),
            "InstanceId": .string(instance),
            "Comment": .string(comment),
            "DocumentName": .string(documentName),
            "DocumentVersion": "$DEFAULT",
            "PluginName": .string(Self.plugin),
            "ResponseCode": .integer(Int64(invocation.responseCode)),
            "ExecutionStartDateTime": .string(isBegun ? Timestamp.text(seconds: requested) : ""),
            "ExecutionElapsedTime": .string(invocation.end.map { "PT\($0 - requested)S" } ?? ""),
            "ExecutionEndDateTime": .string(invocation.end.map { Timestamp.text(seconds: $0) } ?? ""),
            "Status": .string(invocation.status.rawValue),
            "StatusDetails": .string(invocation.details ?? invocation.status.rawValue),
            "StandardOutputContent": .string(Self.text(invocation.output, most: 24_000)),
            "StandardOutputUrl": link("stdout"),
            "StandardErrorContent": .string(Self.text(invocation.error, most: 8000)),
            "StandardErrorUrl": link("stderr"),
        ])
    }

    /// The first characters.
    private static func text(_ bytes: [UInt8], most: Int) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: String(decoding: bytes.prefix(4 * most), as: UTF8.self).unicodeScalars.prefix(most))
        return String(text)
    }
}
