/// Why an image could not be baked on a machine of EC2, which is ended then as far as that could be done.
package enum InstanceBakeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is missing, found before anything was started.
    case notReady(region: String, [String])
    /// None of the types that may be used is to be had.
    case noCapacity(region: String, [String])
    /// The agent never came; `hint` says what may be why.
    case noAgent(instance: String, region: String, seconds: Int, hint: String)
    /// The machine ended while it was needed, and what the service says of it.
    case ended(instance: String, region: String, String)
    /// A step did not do its part, and how it ended.
    case failed(step: String, instance: String, region: String, String)
    /// The machine of somebody else who bakes the same image, with another store, is past its deadline.
    case busy(instance: String, region: String, name: String)
    /// The AMI that somebody else made of it, with another store, is none.
    case failedElsewhere(instance: String, region: String, ami: String, String)

    package var description: String {
        switch self {
        case .notReady(let region, let problems): "\(region): \(problems.joined(separator: "; "))"
        case .noCapacity(let region, let reasons):
            "\(region): no machine is to be had: \(reasons.joined(separator: "; "))"
        case .noAgent(let instance, let region, let seconds, let hint):
            "\(region): the agent of Systems Manager on \(instance) was not heard of for \(seconds) s; \(hint)"
        case .ended(let instance, let region, let reason): "\(region): \(instance) ended before it was done: \(reason)"
        case .failed(let step, let instance, let region, let reason):
            "\(region): '\(step)' failed on \(instance): \(reason)"
        case .busy(let instance, let region, let name):
            "\(region): \(instance) bakes '\(name)' already, for somebody with another store, and is past its deadline"
        case .failedElsewhere(let instance, let region, let ami, let reason):
            "\(region): \(instance) was baked on for somebody with another store, and \(ami) in \(region) failed: \(reason)"
        }
    }
}
