/// An account with one user, and roles that any other account may assume.
package struct Account: Sendable, Hashable {
    package struct Role: Sendable, Hashable {
        package var name: String
        package var externalID: String?
        package var longestSession: Int64

        package init(_ name: String, externalID: String? = nil, longestSession: Int64 = 3600) {
            self.name = name
            self.externalID = externalID
            self.longestSession = longestSession
        }
    }

    /// Twelve digits.
    package var id: String
    package var accessKeyID: String
    package var secretAccessKey: String
    package var roles: [Role]
    /// The ARNs of its organization and of the units that it is below.
    package var organizations: Set<String>

    package init(_ id: String, roles: [Role] = [Role("ovenbird")], organizations: Set<String> = []) {
        self.id = id
        accessKeyID = "AKIA0000\(id)"
        secretAccessKey = "no/secret+of/the+fake/bakery\(id)"
        self.roles = roles
        self.organizations = organizations
    }

    package static let first = Account("111122223333")
    package static let second = Account("444455556666")
}
