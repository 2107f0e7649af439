/// What `cfn-signal` was told to say.
///
/// Source: AWS CloudFormation User Guide, "cfn-signal".
struct Signal: Hashable, Sendable {
    var exitCode = "0"
    var stack: String?
    var resource: String?
    var reason: String?

    /// Of its arguments; those without a meaning here are passed over.
    init(_ arguments: [String]) {
        var rest = arguments[...]
        var succeeded: String?
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            var value: String? { parts.count > 1 ? parts[1] : rest.popFirst() }
            switch parts[0] {
            case "-e", "--exit-code": exitCode = value ?? ""
            case "-s", "--success": succeeded = value
            case "--stack": stack = value
            case "--resource": resource = value
            case "-r", "--reason": reason = value
            case let option where option.hasPrefix("-e") && option.utf8.count > 2:
                exitCode = String(option.dropFirst(2))
            case let option where option.hasPrefix("-") && parts.count == 1: _ = rest.popFirst()
            default: continue
            }
        }
        if let succeeded { exitCode = succeeded.lowercased() == "true" ? "0" : "1" }
    }

    /// What is wrong with it, for a stack of this name that waits for these resources.
    func failures(stack name: String, waiting: Set<String>) -> [String] {
        var failures: [String] = []
        if exitCode != "0" {
            failures.append("the machine signals failure: exit code \(exitCode)" + (reason.map { ", '\($0)'" } ?? ""))
        }
        // By its name, or its id, as '${AWS::StackId}' gives it.
        if let stack, stack != name, !stack.contains(":stack/\(name)/") {
            failures.append("the signal is for the stack '\(stack)', and this is '\(name)'")
        }
        if let resource, !waiting.contains(resource) {
            let names = waiting.sorted().map { "'\($0)'" }.joined(separator: ", ")
            failures.append(
                "the signal is for '\(resource)', and the template waits for \(names.isEmpty ? "none" : names)"
            )
        }
        return failures
    }
}
