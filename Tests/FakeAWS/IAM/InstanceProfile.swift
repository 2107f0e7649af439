/// An instance profile and the one role that is in it.
package struct InstanceProfile: Sendable, Hashable {
    package var name: String
    /// Nil where no role was put into it.
    package var role: String?
    /// ARNs of the policies that are attached to the role.
    package var policies: [String]

    package init(_ name: String, role: String?, policies: [String]) {
        self.name = name
        self.role = role
        self.policies = policies
    }

    /// With this an instance's agent may register.
    package static let agentPolicy = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"

    /// In every account from the beginning: `builder`.
    package static let builder = InstanceProfile("builder", role: "builder", policies: [agentPolicy])

    func arn(_ account: String) -> String { "arn:aws:iam::\(account):instance-profile/\(name)" }

    /// Whether the agent of an instance with it may register.
    var letsAgentRegister: Bool {
        role != nil && policies.contains { $0 == Self.agentPolicy || $0.hasSuffix(":policy/AdministratorAccess") }
    }
}
