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
    /// Wait conditions count whose handle is among `handles`, those that the machine knows the address of; `notes` say why others
    /// do not. Throws `InvalidInput` with the place of what has no meaning.
    package static func all(
        in root: Node,
        for machine: TemplateMachine,
        _ functions: TemplateFunctions,
        handles: [String]
    ) throws -> (signals: [AwaitedSignal], notes: [String]) {
        var reader = SignalReader(root: root, functions: functions, handles: handles)
        let signals = try reader.signals(for: machine)
        return (signals, reader.notes)
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
    let handles: [String]
    private(set) var notes: [String] = []

    init(root: Node, functions: TemplateFunctions, handles: [String]) {
        self.root = root
        self.functions = functions
        self.handles = handles
    }

    private static let group = "AWS::AutoScaling::AutoScalingGroup"
    static let handle = "AWS::CloudFormation::WaitConditionHandle"

    static func kind(of resource: Node) -> String? { resource["Type"]?.scalar?.text }

    private var resources: [Node.Member] { root["Resources"]?.mapping ?? [] }

    mutating func signals(for machine: TemplateMachine) throws -> [AwaitedSignal] {
        var sizes: [String: Int] = [:]
        for member in resources { sizes[member.name] = try size(of: member, starting: machine) }
        let all = sizes.values.reduce(0, +)
        var signals: [AwaitedSignal] = []
        for member in resources {
            guard let signal = try signal(member) else { continue }
            // A group waits for its own machines, and what is none for all of them.
            let machines = max(1, Self.kind(of: member.value) == Self.group ? sizes[member.name] ?? 1 : all)
            let share = (signal.count + machines - 1) / machines
            guard share > 0 else { continue }
            signals.append(
                AwaitedSignal(
                    resource: signal.resource,
                    handle: signal.handle,
                    count: share,
                    timeout: signal.timeout
                )
            )
        }
        return signals
    }

    /// How many machines a group wants; nil for what is no group that starts this one.
    private func size(of member: Node.Member, starting machine: TemplateMachine) throws -> Int? {
        guard Self.kind(of: member.value) == Self.group, let properties = member.value["Properties"],
            TemplateFunctions.names(in: properties).contains(machine.name), try functions.exists(member.value)
        else { return nil }
        let wanted = try number(properties, "DesiredCapacity", of: member.name)
        return try wanted ?? number(properties, "MinSize", of: member.name) ?? 1
    }

    /// With the count of the template.
    private mutating func signal(_ member: Node.Member) throws -> AwaitedSignal? {
        let creation = member.value["CreationPolicy"]?["ResourceSignal"]
        let update = member.value["UpdatePolicy"]?["AutoScalingRollingUpdate"]?["WaitOnResourceSignals"]
        if creation != nil || update != nil, try !functions.exists(member.value) { return nil }
        if let creation {
            return AwaitedSignal(
                resource: member.name,
                count: try number(creation, "Count", of: member.name) ?? 1
            )
        }
        if let update, case .text(let text) = try functions.value(update), text.lowercased() == "true" {
            return AwaitedSignal(resource: member.name)
        }
        return try waitCondition(member)
    }

    private mutating func waitCondition(_ member: Node.Member) throws -> AwaitedSignal? {
        guard Self.kind(of: member.value) == "AWS::CloudFormation::WaitCondition",
            let properties = member.value["Properties"], let handle = properties["Handle"]
        else { return nil }
        guard let name = handle.referredName, let target = root["Resources"]?[name],
            Self.kind(of: target) == Self.handle
        else {
            notes.append("'\(member.name)' is not waited for: its 'Handle' is no 'Ref' of a wait condition handle")
            return nil
        }
        guard handles.contains(name) else {
            notes.append("'\(member.name)' is not waited for: its handle '\(name)' is not in the userdata")
            return nil
        }
        guard try functions.exists(member.value) else { return nil }
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
