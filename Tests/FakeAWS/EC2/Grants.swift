import OCI

/// To whom something is given, or from whom it is taken.
struct Grants: Sendable {
    var users: Set<String> = []
    var isPublic = false
    var organizations: Set<String> = []
    var organizationalUnits: Set<String> = []

    /// Of `LaunchPermission.Add` and its like.
    init(_ items: [JSONValue]) throws(Failure) {
        for item in items {
            let given = item.objectValue ?? [:]
            guard given.count == 1 else {
                throw .ec2("InvalidParameterCombination", "A permission is for one user, group or organization")
            }
            try add(user: given["UserId"]?.stringValue)
            try add(organization: given["OrganizationArn"]?.stringValue)
            try add(unit: given["OrganizationalUnitArn"]?.stringValue)
            if given["Group"] != nil { isPublic = true }
        }
    }

    /// Of the older form: `UserId.1`, `UserGroup.1`.
    init(_ call: Invocation, groups: String) throws(Failure) {
        for user in call.texts("UserIds") { try add(user: user) }
        for organization in call.texts("OrganizationArns") { try add(organization: organization) }
        for unit in call.texts("OrganizationalUnitArns") { try add(unit: unit) }
        for group in call.texts(groups) {
            guard group == "all" else {
                throw .ec2("InvalidAMIAttributeItemValue", "Invalid attribute item value \"\(group)\" for userGroup")
            }
            isPublic = true
        }
    }

    private mutating func add(user: String?) throws(Failure) {
        guard let user else { return }
        guard user.utf8.count == 12, user.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .ec2("InvalidAMIAttributeItemValue", "Invalid attribute item value \"\(user)\" for userId item type.")
        }
        users.insert(user)
    }

    private mutating func add(organization: String?) throws(Failure) {
        guard let organization else { return }
        try Self.check(organization, "organization/o-")
        organizations.insert(organization)
    }

    private mutating func add(unit: String?) throws(Failure) {
        guard let unit else { return }
        try Self.check(unit, "ou/o-")
        organizationalUnits.insert(unit)
    }

    private static func check(_ arn: String, _ kind: String) throws(Failure) {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[2] == "organizations", parts[5].hasPrefix(kind) else {
            throw .ec2("InvalidAMIAttributeItemValue", "Invalid attribute item value \"\(arn)\"")
        }
    }
}
