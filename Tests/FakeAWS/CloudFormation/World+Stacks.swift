import OCI

extension World {
    /// Gives the id of the stack, which it keeps.
    mutating func set(_ stack: Stack, now: Int64) -> String {
        var stack = stack
        let all = self[stack.region].stacks
        let place = all.firstIndex { $0.account == stack.account && $0.name == stack.name && !$0.isDeleted }
        if let place {
            (stack.id, stack.date, stack.updated) = (all[place].id, all[place].date, now)
            self[stack.region].stacks[place] = stack
            return stack.id
        }
        let number = String(newSerial())
        let digits = String(repeating: "0", count: 12 - number.utf8.count) + number
        stack.id =
            "arn:aws:cloudformation:\(stack.region):\(stack.account):stack/\(stack.name)/"
            + "00000000-0000-4000-8000-\(digits)"
        stack.date = now
        self[stack.region].stacks.append(stack)
        return stack.id
    }

    func listStacks(_ call: Invocation) throws(Failure) -> Outcome {
        let states = call.texts("StackStatusFilter")
        let chosen = ownStacks(call).filter { states.isEmpty || states.contains($0.status) }
        let page = try stackPage(chosen, call)
        let items = page.items.map { stack in
            [
                XML("StackId", stack.id), XML("StackName", stack.name), XML("CreationTime", dateText(stack.date)),
                XML("StackStatus", stack.status), stack.drift,
            ] + (stack.isDeleted ? [XML("DeletionTime", dateText(stack.date))] : [])
        }
        return .xml([.members("StackSummaries", items)] + [XML("NextToken", page.next)].compactMap(\.self))
    }

    /// All that are not deleted, or the one that is named.
    func describeStacks(_ call: Invocation) throws(Failure) -> Outcome {
        let found =
            call.text("StackName") == nil ? ownStacks(call).filter { !$0.isDeleted } : [try stack(call)]
        let page = try stackPage(found, call)
        return .xml(
            [.members("Stacks", page.items.map(\.xml))] + [XML("NextToken", page.next)].compactMap(\.self)
        )
    }

    func getTemplate(_ call: Invocation) throws(Failure) -> Outcome {
        if call.text("StackName") == nil { throw .stackInvalid("StackName is required if ChangeSetName is not an ARN") }
        let stack = try stack(call)
        if behaviour.hiddenTemplates.contains(stack.name) {
            throw Service.cloudformation.denied("GetTemplate", to: call.arn)
        }
        // Only its change set has one.
        if stack.status == "REVIEW_IN_PROGRESS" { throw .stackInvalid("Stack \(stack.name) does not have a template") }
        return .xml([
            XML("TemplateBody", stack.template),
            XML("StagesAvailable", [XML("member", "Original"), XML("member", "Processed")]),
        ])
    }

    /// The latest first.
    private func ownStacks(_ call: Invocation) -> [Stack] {
        self[call.region].stacks.filter { $0.account == call.account }.reversed()
    }

    private func stack(_ call: Invocation) throws(Failure) -> Stack {
        let name = call.text("StackName") ?? ""
        guard let stack = ownStacks(call).first(where: { $0.id == name || $0.name == name && !$0.isDeleted }) else {
            throw .stackInvalid("Stack with id \(name) does not exist")
        }
        return stack
    }

    private func stackPage(_ stacks: [Stack], _ call: Invocation) throws(Failure) -> Page<Stack> {
        guard let page = Page(of: stacks, call, usual: behaviour.stacksPerPage) else {
            throw .stackInvalid("The specified token is not valid")
        }
        return page
    }

    /// Reads templates in JSON only, and makes nothing of what is in them.
    mutating func createStack(_ call: Invocation) throws(Failure) -> Outcome {
        let name = call.text("StackName") ?? ""
        guard !ownStacks(call).contains(where: { $0.name == name && !$0.isDeleted }) else {
            throw Failure(400, "AlreadyExistsException", "Stack [\(name)] already exists")
        }
        let text = call.text("TemplateBody") ?? ""
        guard let template = try? JSONValue.parse(Array(text.utf8)), template["Resources"]?.objectValue != nil else {
            throw .stackInvalid("Template format error: at least one Resources member must be defined, in JSON.")
        }
        let parameters = try stackParameters(call, template["Parameters"]?.objectValue ?? [:])
        var stack = Stack(name, template: text, parameters, account: call.account, region: call.region)
        switch Tags.read(call.items("Tags")) {
        case .success(let tags): stack.tags = tags
        case .failure(let failure): throw .stackInvalid(failure.message)
        }
        return .xml([XML("StackId", set(stack, now: call.now))])
    }

    private func stackParameters(
        _ call: Invocation,
        _ declared: [String: JSONValue]
    ) throws(Failure) -> [Stack.Parameter] {
        var given: [String: String] = [:]
        for item in call.items("Parameters") {
            guard let key = item["ParameterKey"]?.stringValue, let value = item["ParameterValue"]?.stringValue else {
                throw .stackInvalid("A parameter of a new stack has to have a key and a value")
            }
            if given.updateValue(value, forKey: key) != nil { throw .stackInvalid("Duplicate parameter key: \(key)") }
        }
        let unknown = given.keys.filter { declared[$0] == nil }.sorted()
        if !unknown.isEmpty {
            throw .stackInvalid("Parameters: [\(unknown.joined(separator: ", "))] do not exist in the template")
        }
        let missing = declared.filter { given[$0.key] == nil && $0.value["Default"] == nil }.keys.sorted()
        if !missing.isEmpty {
            throw .stackInvalid("Parameters: [\(missing.joined(separator: ", "))] must have values")
        }
        return declared.sorted { $0.key < $1.key }.map { key, shape in
            let usual = shape["Default"].map { $0.stringValue ?? $0.canonicalText }
            let isSecret = shape["NoEcho"] == .bool(true) || shape["NoEcho"]?.stringValue == "true"
            return Stack.Parameter(key, given[key] ?? usual ?? "", isSecret: isSecret)
        }
    }
}

extension Stack {
    fileprivate var drift: XML { XML("DriftInformation", [XML("StackDriftStatus", "NOT_CHECKED")]) }

    fileprivate var xml: [XML] {
        let values = parameters.map { parameter in
            [
                XML("ParameterKey", parameter.key),
                XML("ParameterValue", parameter.isSecret ? "****" : parameter.value),
                XML("ResolvedValue", parameter.resolved),
            ].compactMap(\.self)
        }
        let tagged = tags.sorted { $0.key < $1.key }.map { [XML("Key", $0.key), XML("Value", $0.value)] }
        return [
            XML("StackId", id), XML("StackName", name), .members("Parameters", values),
            XML("CreationTime", dateText(date)), XML("RollbackConfiguration", []), XML("StackStatus", status),
            XML("DisableRollback", false), XML("NotificationARNs", []), .members("Tags", tagged),
            XML("EnableTerminationProtection", false), drift,
        ] + (updated.map { [XML("LastUpdatedTime", dateText($0))] } ?? [])
    }
}

extension Failure {
    /// Of CloudFormation.
    fileprivate static func stackInvalid(_ message: String) -> Failure { Failure(400, "ValidationError", message) }
}
