import OCI

/// The log of all calls, and the script of what goes wrong.
struct Ledger: Sendable {
    private(set) var calls: [Call] = []
    private var script: [(fault: Fault, seen: Int, held: HeldCall?)] = []

    mutating func add(_ fault: Fault, _ held: HeldCall? = nil) { script.append((fault, 0, held)) }

    /// Notes a call, and says what is to go wrong with it.
    mutating func begin(
        _ operation: Operation,
        region: String,
        changes: Bool,
        parameters: JSONValue,
        behaviour: Behaviour
    ) -> (call: Call, effect: Fault.Effect?, held: HeldCall?) {
        let number = calls.count + 1
        let digits = String(number, radix: 16)
        let call = Call(
            number: number,
            service: operation.service,
            region: region,
            operation: operation.name,
            changes: changes,
            requestID: "00000000-0000-4000-8000-\(String(repeating: "0", count: 12 - digits.count))\(digits)",
            parameters: parameters
        )
        calls.append(call)
        var effect: Fault.Effect?
        var held: HeldCall?
        for place in script.indices where script[place].fault.isFor(operation.name, changes: changes) {
            if case .brokenUpload = script[place].fault.effect { continue }
            script[place].seen += 1
            let fault = script[place].fault
            if effect == nil, (fault.nth..<fault.nth + fault.times).contains(script[place].seen) {
                effect = fault.effect
                held = script[place].held
            }
        }
        return (call, effect ?? behaviour.trouble(at: number), held)
    }

    mutating func end(_ number: Int, status: Int, error: String?, account: String?) {
        calls[number - 1].status = status
        calls[number - 1].error = error
        calls[number - 1].account = account
    }

    /// After how many bytes the upload that begins breaks.
    mutating func breakPoint(_ operation: String) -> Int? {
        for place in script.indices where script[place].fault.isFor(operation, changes: true) {
            guard case .brokenUpload(let count) = script[place].fault.effect else { continue }
            script[place].seen += 1
            let fault = script[place].fault
            if (fault.nth..<fault.nth + fault.times).contains(script[place].seen) { return count }
        }
        return nil
    }
}

extension Fault {
    fileprivate func isFor(_ name: String, changes: Bool) -> Bool {
        (operation == nil || operation == name) && (changes || !onlyChanges)
    }
}

extension Behaviour {
    fileprivate func trouble(at number: Int) -> Fault.Effect? {
        if let throttlesEvery, number.isMultiple(of: throttlesEvery) { return .throttled }
        if let failsEvery, number.isMultiple(of: failsEvery) { return .failing(number.isMultiple(of: 2) ? 500 : 503) }
        if let breaksEvery, number.isMultiple(of: breaksEvery) { return .broken }
        return nil
    }
}
