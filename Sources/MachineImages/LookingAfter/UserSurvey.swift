package import AWS

/// Asks the services of a region who uses AMIs.
package struct UserSurvey: Sendable {
    private let session: AWSSession
    private let region: String
    private let templates: LaunchTemplateReader
    private let stackTemplates: StackTemplateReader
    /// Who is not asked.
    private let ignored: Set<ImageUser.Source>

    package init(_ session: AWSSession, region: String, ignoring ignored: Set<ImageUser.Source> = []) {
        self.session = session
        self.region = region
        self.ignored = ignored
        templates = LaunchTemplateReader(session, region: region)
        stackTemplates = StackTemplateReader(session, region: region)
    }

    /// Who uses these AMIs now, but for other accounts.
    ///
    /// They are all of the project in the region: a stack that is being updated may go back to one that it does not name.
    /// A service that refuses, or fails for longer than it is tried, is noted as unknown. Throws what is wrong with
    /// credentials, and cancellation.
    package func users(of images: [OwnImage]) async throws -> ImageUsers {
        let amis = Set(images.map(\.ami))
        var users = ImageUsers()
        if images.isEmpty { return users }
        async let machines = asking(.instances) {
            try await EC2(session, region: region).instances(startedFrom: amis.sorted()).map {
                ($0.image, ImageUser(.instances, "instance \($0.id)"))
            }
        }
        async let configurations = asking(.launchConfigurations) {
            try await AutoScaling(session, region: region).launchConfigurations().map {
                ($0.image, ImageUser(.launchConfigurations, "launch configuration '\($0.name)'"))
            }
        }
        async let stacks = ignored.contains(.stacks) ? nil : stackUses(of: images)
        async let parameters = asking(.parameters) {
            let store = SSM(session, region: region)
            return try await store.values(ofParameters: try await store.imageParameters()).map {
                ($0.value, ImageUser(.parameters, "parameter '\($0.key)'"))
            }
        }
        let needsTemplates = !ignored.isSuperset(of: [.launchTemplates, .autoScalingGroups])
        async let templates = needsTemplates ? answer { try await self.templates.read() } : nil
        async let groups = ignored.contains(.autoScalingGroups) ? nil : groups()
        let found = [
            try await machines, try await configurations, try await stacks, try await parameters,
            Self.templateUses(try await templates, ignored), Self.groupUses(try await groups, try await templates),
        ]
        for case let (source, answer)? in found {
            for use in answer.uses where amis.contains(use.ami) { users.add(use.user, of: use.ami) }
            if let unknown = answer.unknown { users.miss(source, unknown) }
        }
        return users
    }

    /// Adds who else may use AMIs beside this account.
    package func addAccounts(to users: inout ImageUsers, of images: [OwnImage]) async throws {
        if ignored.contains(.accounts) { return }
        let ec2 = EC2(session, region: region)
        for image in images {
            switch try await answer({ try await ec2.audience(ofImage: image.ami) }) {
            case .success(let audience):
                for account in audience + (image.isPublic ? ["all"] : []) {
                    let title = account == "all" ? "everybody, since it is public" : "\(account), who may use it unseen"
                    users.add(ImageUser(.accounts, title), of: image.ami)
                }
            case .failure(let error): users.miss(.accounts, ImageUsers.Unknown(error))
            }
        }
    }

    // MARK: Answers

    private typealias Use = (ami: String, user: ImageUser)

    private struct Answer: Sendable {
        var uses: [Use] = []
        /// Why these are not all.
        var unknown: ImageUsers.Unknown?

        init(_ result: Result<[Use], ServiceError>) {
            switch result {
            case .success(let uses): self.uses = uses
            case .failure(let error): unknown = ImageUsers.Unknown(error)
            }
        }
    }

    /// What a service says; nil where it is not to be asked.
    private func asking(
        _ source: ImageUser.Source,
        _ ask: @Sendable () async throws -> [Use]
    ) async throws -> (ImageUser.Source, Answer)? {
        ignored.contains(source) ? nil : (source, Answer(try await answer(ask)))
    }

    private func answer<Value: Sendable>(
        _ ask: @Sendable () async throws -> Value
    ) async throws -> Result<Value, ServiceError> {
        do {
            return .success(try await ask())
        } catch let error as ServiceError {
            return .failure(error)
        }
    }

    private func stackUses(of images: [OwnImage]) async throws -> (ImageUser.Source, Answer) {
        let found = try await answer { () -> Answer in
            let stacks = try await CloudFormation(session, region: region).stacks()
            let (named, unknown) = try await stackTemplates.amis(of: stacks)
            var uses = Answer(.success(stacks.flatMap { $0.uses(of: images, template: named[$0.id] ?? []) }))
            uses.unknown = unknown
            return uses
        }
        switch found {
        case .success(let answer): return (.stacks, answer)
        case .failure(let error): return (.stacks, Answer(.failure(error)))
        }
    }

    private func groups() async throws -> Result<[AutoScaling.Group], ServiceError> {
        try await answer { try await AutoScaling(session, region: region).groups() }
    }

    private static func templateUses(
        _ templates: Result<LaunchTemplates, ServiceError>?,
        _ ignored: Set<ImageUser.Source>
    ) -> (ImageUser.Source, Answer)? {
        guard let templates, !ignored.contains(.launchTemplates) else { return nil }
        return (.launchTemplates, Answer(templates.map(\.uses)))
    }

    /// A group that names a template is as unknown as the template.
    private static func groupUses(
        _ groups: Result<[AutoScaling.Group], ServiceError>?,
        _ templates: Result<LaunchTemplates, ServiceError>?
    ) -> (ImageUser.Source, Answer)? {
        guard let groups else { return nil }
        let found = groups.flatMap { groups -> Result<[Use], ServiceError> in
            var uses: [Use] = []
            for group in groups {
                let user = ImageUser(.autoScalingGroups, "Auto Scaling Group '\(group.name)'")
                uses += group.images.map { ($0, user) }
                if group.templates.isEmpty { continue }
                switch templates {
                case .success(let templates)?:
                    uses += group.templates.compactMap { templates.image(of: $0) }.map { ($0, user) }
                case .failure(let error)?: return .failure(error)
                case nil: preconditionFailure("templates are asked for where groups are")
                }
            }
            return .success(uses)
        }
        return (.autoScalingGroups, Answer(found))
    }
}
