import Diagnostics
package import YAML

/// Something of a template that waits until machines signal to it.
///
/// Source: AWS CloudFormation User Guide, "CreationPolicy attribute", "UpdatePolicy attribute" and "Create wait conditions in a
/// CloudFormation template".
package struct AwaitedSignal: Sendable, Hashable {
    /// The logical id of what waits.
    package let resource: String
    /// Of a wait condition the logical id of the handle whose address takes the signals; nil where they name the resource.
    package let handle: String?
    /// How many different signals of success one machine has to send.
    package let count: Int
    /// Of a wait condition: seconds.
    package let timeout: Double?

    package init(resource: String, handle: String? = nil, count: Int = 1, timeout: Double? = nil) {
        self.resource = resource
        self.handle = handle
        self.count = count
        self.timeout = timeout
    }

    /// All of a template, in the order of its text, as one of the machines meets them that a resource starts: where groups start
    /// several, each has to send its share.
    ///
    /// Throws `InvalidInput` with the place of what has no meaning.
    package static func all(
        in root: Node,
        for machine: TemplateMachine,
        _ functions: TemplateFunctions
    ) throws -> [AwaitedSignal] {
        try SignalReader(root: root, functions: functions).signals(for: machine)
    }

    /// The logical ids of a template's wait condition handles, sorted.
    package static func handles(in root: Node) -> [String] {
        (root["Resources"]?.mapping ?? []).filter { SignalReader.kind(of: $0.value) == SignalReader.handle }
            .map(\.name).sorted()
    }
}

private struct SignalReader {
    let root: Node
    let functions: TemplateFunctions

    static let handle = "AWS::CloudFormation::WaitConditionHandle"

    static func kind(of resource: Node) -> String? { resource["Type"]?.scalar?.text }

    private var resources: [Node.Member] { root["Resources"]?.mapping ?? [] }

    func signals(for machine: TemplateMachine) throws -> [AwaitedSignal] {
        let machines = max(1, try number(of: machine))
        return try resources.compactMap { member in
            guard let signal = try signal(member) else { return nil }
            let share = (signal.count + machines - 1) / machines
            return share == 0
                ? nil
                : AwaitedSignal(
                    resource: signal.resource,
                    handle: signal.handle,
                    count: share,
                    timeout: signal.timeout
                )
        }
    }

    /// How many machines the groups want that start it; 0 without a group.
    private func number(of machine: TemplateMachine) throws -> Int {
        try resources.reduce(0) { sum, member in
            guard Self.kind(of: member.value) == "AWS::AutoScaling::AutoScalingGroup",
                let properties = member.value["Properties"],
                TemplateFunctions.names(in: properties).contains(machine.name)
            else { return sum }
            let wanted = try number(properties, "DesiredCapacity", of: member.name)
            return sum + (try wanted ?? number(properties, "MinSize", of: member.name) ?? 1)
        }
    }

    /// With the count of the template.
    private func signal(_ member: Node.Member) throws -> AwaitedSignal? {
        if let policy = member.value["CreationPolicy"]?["ResourceSignal"] {
            return AwaitedSignal(
                resource: member.name,
                count: try number(policy, "Count", of: member.name) ?? 1
            )
        }
        let update = member.value["UpdatePolicy"]?["AutoScalingRollingUpdate"]?["WaitOnResourceSignals"]
        if let update, case .text(let text) = try functions.value(update), text.lowercased() == "true" {
            return AwaitedSignal(resource: member.name)
        }
        guard Self.kind(of: member.value) == "AWS::CloudFormation::WaitCondition",
            let properties = member.value["Properties"], let handle = properties["Handle"]
        else { return nil }
        guard let name = handle.referredName, let target = root["Resources"]?[name],
            Self.kind(of: target) == Self.handle
        else { throw mistake(handle, "the 'Handle' of '\(member.name)' is no 'Ref' of a wait condition handle") }
        guard let timeout = try number(properties, "Timeout", of: member.name) else {
            throw mistake(member.key, "the wait condition '\(member.name)' has no 'Timeout'")
        }
        return AwaitedSignal(
            resource: member.name,
            handle: name,
            count: try number(properties, "Count", of: member.name) ?? 1,
            timeout: Double(timeout)
        )
    }

    /// Nil where it is not there.
    private func number(_ node: Node, _ key: String, of resource: String) throws -> Int? {
        guard let node = node[key] else { return nil }
        let value = try functions.value(node)
        if value == .none { return nil }
        guard case .text(let text) = value, let number = Int(text), (0...1_000_000).contains(number) else {
            throw mistake(node, "the '\(key)' of '\(resource)' is no whole number from 0 to 1000000")
        }
        return number
    }

    private func mistake(_ node: Node, _ message: String) -> InvalidInput {
        InvalidInput(Diagnostic(at: node.alias?.place ?? node.place, message, .templateShape))
    }
}
