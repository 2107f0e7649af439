import AWS

/// Something that starts machines from an AMI, or was started from it.
package struct ImageUser: Sendable, Hashable {
    /// Who is asked for users.
    package enum Source: String, Sendable, Hashable, CaseIterable, Comparable {
        case instances
        case launchTemplates = "launch-templates"
        case launchConfigurations = "launch-configurations"
        case autoScalingGroups = "auto-scaling-groups"
        case stacks
        case parameters
        /// Other accounts that may use it: what there is in them cannot be seen from here.
        case accounts

        package static func < (one: Source, other: Source) -> Bool { one.rawValue < other.rawValue }
    }

    package var source: Source
    /// In words: `stack 'shop', parameter 'BaseAmi'`.
    package var title: String

    package init(_ source: Source, _ title: String) {
        self.source = source
        self.title = title
    }
}

/// Who uses AMIs, as far as that could be found out.
package struct ImageUsers: Sendable, Hashable {
    /// By AMI, each user once, in the order of their sources and titles.
    package private(set) var known: [String: [ImageUser]] = [:]
    /// Who could not be asked, or not for all.
    package private(set) var unknown: [ImageUser.Source: Unknown] = [:]

    package init() {}

    /// Why users are not known, and what helps.
    package struct Unknown: Sendable, Hashable {
        package var reason: String
        package var fix: String

        package init(reason: String, fix: String) {
            self.reason = reason
            self.fix = fix
        }

        init(_ error: ServiceError, of what: String? = nil) {
            reason = (what.map { "\($0) cannot be read: " } ?? "") + error.description
            fix = error.fix ?? "see what may be wrong there, and run the command again"
        }
    }

    package func of(_ ami: String) -> [ImageUser] { known[ami] ?? [] }

    package mutating func add(_ user: ImageUser, of ami: String) {
        var users = known[ami] ?? []
        if users.contains(user) { return }
        users.append(user)
        known[ami] = users.sorted { ($0.source, $0.title) < ($1.source, $1.title) }
    }

    package mutating func miss(_ source: ImageUser.Source, _ why: Unknown) { unknown[source] = why }
}
