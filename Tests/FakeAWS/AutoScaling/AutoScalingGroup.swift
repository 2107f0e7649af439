/// An Auto Scaling group as the fake knows it: it starts no instances.
package struct AutoScalingGroup: Sendable, Hashable {
    package struct Template: Sendable, Hashable {
        package var id: String
        package var name: String
        /// `$Latest`, `$Default` or a number.
        package var version: String

        package init(id: String, name: String, version: String) {
            self.id = id
            self.name = name
            self.version = version
        }
    }

    /// What new instances are started from.
    package enum Source: Sendable, Hashable {
        case configuration(String)
        case template(Template)
        /// Of a mixed instances policy, with what other templates some instance types have.
        case mixed(Template, overrides: [String: Template?])
    }

    package let name: String
    package let account: String
    package let region: String
    package var source: Source
    package var sizes: ClosedRange<Int>
    package var desired: Int
    /// The ids of those in service.
    package var instances: [String]
    package var zones: [String]
    /// Subnets with commas.
    package var subnets: String?
    package var tags: [String: String]
    var date: Int64 = 0

    /// `sizes` are the least and the greatest.
    package init(
        _ name: String,
        from source: Source,
        of account: Account = .first,
        in region: String = "eu-west-1",
        sizes: ClosedRange<Int> = 0...1,
        instances: [String] = [],
        tags: [String: String] = [:]
    ) {
        self.init(name, from: source, account: account.id, region: region, sizes: sizes, tags: tags)
        desired = instances.count
        self.instances = instances
        zones = ["\(region)a"]
    }

    init(
        _ name: String,
        from source: Source,
        account: String,
        region: String,
        sizes: ClosedRange<Int>,
        tags: [String: String]
    ) {
        self.name = name
        self.source = source
        self.account = account
        self.region = region
        self.sizes = sizes
        desired = sizes.lowerBound
        instances = []
        zones = []
        self.tags = tags
    }
}
