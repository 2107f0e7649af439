/// A stack of CloudFormation as the fake knows it: it makes nothing of its template.
package struct Stack: Sendable, Hashable {
    package struct Parameter: Sendable, Hashable {
        package var key: String
        package var value: String
        /// What the value names, where it names a parameter of Systems Manager.
        package var resolved: String?
        /// Nobody is told the value.
        package var isSecret: Bool

        package init(_ key: String, _ value: String, resolved: String? = nil, isSecret: Bool = false) {
            self.key = key
            self.value = value
            self.resolved = resolved
            self.isSecret = isSecret
        }
    }

    package let name: String
    package let account: String
    package let region: String
    /// `UPDATE_COMPLETE`; with `DELETE_COMPLETE` it is found only by its id and in lists.
    package var status: String
    package var template: String
    package var parameters: [Parameter]
    package var tags: [String: String]
    package internal(set) var id = ""
    var date: Int64 = 0
    /// Nil for one that was never updated.
    var updated: Int64?

    package init(
        _ name: String,
        template: String,
        _ parameters: [Parameter] = [],
        of account: Account = .first,
        in region: String = "eu-west-1",
        status: String = "CREATE_COMPLETE",
        tags: [String: String] = [:]
    ) {
        self.init(name, template: template, parameters, account: account.id, region: region)
        self.status = status
        self.tags = tags
    }

    init(_ name: String, template: String, _ parameters: [Parameter], account: String, region: String) {
        self.name = name
        self.template = template
        self.parameters = parameters
        self.account = account
        self.region = region
        status = "CREATE_COMPLETE"
        tags = [:]
    }

    var isDeleted: Bool { status == "DELETE_COMPLETE" }
}
