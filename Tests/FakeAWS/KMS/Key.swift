package import OCI

/// A key of the Key Management Service as the fake knows it.
package struct Key: Sendable {
    package enum State: String, Sendable, Hashable {
        case enabled = "Enabled"
        case disabled = "Disabled"
        case pendingDeletion = "PendingDeletion"
    }

    package struct Grant: Sendable, Hashable {
        package let id: String
        package var name: String?
        package var grantee: String
        package var retiring: String?
        package var operations: [String]
        package var constraints: JSONValue?
        package var date: Int64
    }

    /// As of a UUID.
    package let id: String
    package let account: String
    package let region: String
    /// `alias/web`.
    package var aliases: [String]
    /// AWS's own, whose policy nobody changes.
    package var isManagedByAWS: Bool
    package var state: State
    /// A policy document; nil is the one that gives all to the account and leaves the rest to its policies.
    package var policy: String?
    package internal(set) var grants: [Grant] = []
    var date: Int64 = 0

    package init(
        _ id: String,
        of account: Account = .first,
        in region: String = "eu-west-1",
        aliases: [String] = [],
        isManagedByAWS: Bool = false,
        state: State = .enabled,
        policy: String? = nil
    ) {
        self.init(id, account: account.id, region: region)
        self.aliases = aliases
        self.isManagedByAWS = isManagedByAWS
        self.state = state
        self.policy = policy
    }

    private init(_ id: String, account: String, region: String) {
        self.id = id
        self.account = account
        self.region = region
        aliases = []
        isManagedByAWS = false
        state = .enabled
    }

    /// The key with which EBS encrypts where nobody names another: each account has one in each region.
    static func ofEBS(_ account: String, _ region: String) -> Key {
        var key = Key("00000000-0000-4000-8000-00000000aeb5", account: account, region: region)
        key.aliases = ["alias/aws/ebs"]
        key.isManagedByAWS = true
        return key
    }

    package var arn: String { "arn:aws:kms:\(region):\(account):key/\(id)" }

    var document: KeyPolicy { KeyPolicy(policy ?? KeyPolicy.usual(account)) }
}
