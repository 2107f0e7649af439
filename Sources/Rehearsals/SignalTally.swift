import Rollouts

/// Which signals a stack waits for, and which came.
struct SignalTally: Sendable {
    let stack: String
    let region: String
    let awaited: [AwaitedSignal]
    let handles: WaitHandles

    /// Where `cfn-signal` signals to without `--region`.
    ///
    /// Source: AWS CloudFormation User Guide, "cfn-signal".
    private static let defaultRegion = "us-east-1"

    /// The ids of the signals of success, by the resource that waits.
    private var came: [String: Set<String>] = [:]
    /// Whether the machine signalled at all.
    private(set) var hasAny = false

    init(stack: String, region: String, awaited: [AwaitedSignal], handles: WaitHandles) {
        self.stack = stack
        self.region = region
        self.awaited = awaited
        self.handles = handles
    }

    /// Those that wait for signals by their own name: any of them is enough, since a machine is one of several that a template
    /// may start.
    private var resources: [AwaitedSignal] { awaited.filter { $0.handle == nil } }
    private var conditions: [AwaitedSignal] { awaited.filter { $0.handle != nil } }

    /// Takes one: what there is to tell of it, and what is wrong with it.
    mutating func take(_ signal: Signal) -> (text: String, failures: [String]) {
        hasAny = true
        var failures: [String] = []
        let name: String
        let waiting: [AwaitedSignal]
        switch signal.target {
        case .resource(let resource):
            name = resource
            waiting = resources.filter { $0.resource == resource }
            if waiting.isEmpty {
                let names = resources.isEmpty ? "none" : Self.names(resources)
                failures.append("the signal is for '\(resource)', and the template waits for \(names)")
            }
            if signal.region == nil, !signal.hasURL, region != Self.defaultRegion {
                let other = Self.defaultRegion
                failures.append(
                    "the signal has no '--region', so it goes to '\(other)', and the stack is in '\(region)'"
                )
            }
        case .address(let address):
            let handle = handles.name(of: address)
            name = handle ?? address
            waiting = conditions.filter { $0.handle == handle }
            if handle == nil {
                failures.append("the signal is for '\(address)', which is no wait condition handle's address")
            }
        case .handle(let handle):
            name = handle
            waiting = conditions.filter { $0.handle == handle }
        }
        // By its name, or its id, as '${AWS::StackId}' gives it.
        if let other = signal.stack, other != stack, !other.contains(":stack/\(stack)/") {
            failures.append("the signal is for the stack '\(other)', and this is '\(stack)'")
        }
        if let other = signal.region, other != region {
            failures.append("the signal goes to the region '\(other)', and the stack is in '\(region)'")
        }
        var text = "signal for '\(name)': \(signal.exitCode.map { "exit code \($0)" } ?? signal.status)"
        if !signal.isSuccess {
            failures.insert("the machine signals failure for '\(name)'\(signal.because)", at: 0)
        } else if failures.isEmpty {
            for one in waiting {
                came[one.resource, default: []].insert(signal.id)
                if one.count > 1 { text += ", \(came[one.resource]?.count ?? 0) of \(one.count) for '\(one.resource)'" }
            }
        }
        return (text, failures)
    }

    /// What has not come of signals that name resources; nil where enough has.
    var lackOfResources: String? {
        guard !resources.isEmpty, resources.allSatisfy({ lack($0) != nil }) else { return nil }
        let begun = resources.filter { came[$0.resource] != nil }
        return begun.isEmpty
            ? "no signal came for \(Self.names(resources))" : begun.compactMap(lack).joined(separator: ", ")
    }

    /// What has not come, one text for each that waits.
    var lacks: [String] { [lackOfResources].compactMap { $0 } + conditions.compactMap(lack) }

    /// What has not come in its time, so many seconds after the power on.
    func late(at seconds: Double) -> [String] {
        conditions.compactMap { condition in
            guard let timeout = condition.timeout, seconds > timeout else { return nil }
            return lack(condition).map { "\($0) within its 'Timeout' of \(Int(timeout)) s" }
        }
    }

    private func lack(_ one: AwaitedSignal) -> String? {
        let number = came[one.resource]?.count ?? 0
        if number >= one.count { return nil }
        if number == 0 { return "no signal came for '\(one.resource)'" }
        return "\(number) of \(one.count) signals came for '\(one.resource)'"
    }

    private static func names(_ resources: [AwaitedSignal]) -> String {
        resources.map { "'\($0.resource)'" }.joined(separator: ", ")
    }
}

extension Signal {
    fileprivate var status: String { isSuccess ? "SUCCESS" : "FAILURE" }

    fileprivate var because: String {
        let parts = [exitCode.map { "exit code \($0)" }, reason.map { "'\($0)'" }].compactMap { $0 }
        return parts.isEmpty ? "" : ": \(parts.joined(separator: ", "))"
    }
}
