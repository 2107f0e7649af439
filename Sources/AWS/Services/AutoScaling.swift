/// Amazon EC2 Auto Scaling, as far as it is called here: which AMIs its groups start machines from.
///
/// Source: Amazon EC2 Auto Scaling API Reference, version 2011-01-01.
package struct AutoScaling: Sendable {
    private let session: AWSSession
    private let region: String

    package init(_ session: AWSSession, region: String) {
        self.session = session
        self.region = region
    }

    static let version = "2011-01-01"

    /// A group, with all that may say which AMI it starts.
    package struct Group: Sendable, Hashable {
        package var name: String
        package var templates: [TemplateVersion]
        /// Named without a template between.
        package var images: [String]
    }

    /// A version of a launch template as somebody names it.
    package struct TemplateVersion: Sendable, Hashable {
        /// Either of both is there.
        package var id: String?
        package var name: String?
        /// A number, `$Latest` or `$Default`; nil stands for the latter.
        package var version: String?
    }

    package struct LaunchConfiguration: Sendable, Hashable {
        package var name: String
        package var image: String
    }

    package func groups() async throws -> [Group] {
        try await list(GroupPage.self, "DescribeAutoScalingGroups").map(\.group)
    }

    package func launchConfigurations() async throws -> [LaunchConfiguration] {
        try await list(ConfigurationPage.self, "DescribeLaunchConfigurations")
            .map { LaunchConfiguration(name: $0.name, image: $0.image) }
    }

    private func list<Page: ListPage>(_ page: Page.Type, _ operation: String) async throws -> [Page.Item] {
        try await session.list(page, in: region) { token in
            var form = QueryForm(operation, version: Self.version)
            form.add("MaxRecords", 100)
            form.add("NextToken", token)
            return ServiceCall(.autoscaling, operation, headers: QueryForm.headers, body: form.bytes)
        }
    }

    // MARK: Answers

    private struct GroupPage: ListPage {
        var result: Groups
        var items: [GroupEntry] { result.list?.items ?? [] }
        var next: String? { result.next }

        enum CodingKeys: String, CodingKey { case result = "DescribeAutoScalingGroupsResult" }
    }

    private struct Groups: Decodable {
        var list: Members<GroupEntry>?
        var next: String?

        enum CodingKeys: String, CodingKey {
            case list = "AutoScalingGroups"
            case next = "NextToken"
        }
    }

    private struct GroupEntry: Decodable {
        var name: String
        var template: Specification?
        var policy: MixedInstances?

        enum CodingKeys: String, CodingKey {
            case name = "AutoScalingGroupName"
            case template = "LaunchTemplate"
            case policy = "MixedInstancesPolicy"
        }

        var group: Group {
            let overrides = policy?.template?.overrides?.items ?? []
            let named = [template, policy?.template?.specification] + overrides.map(\.specification)
            return Group(
                name: name,
                templates: named.compactMap { $0?.version },
                images: overrides.compactMap(\.image)
            )
        }
    }

    private struct MixedInstances: Decodable {
        var template: MixedTemplate?

        enum CodingKeys: String, CodingKey { case template = "LaunchTemplate" }
    }

    private struct MixedTemplate: Decodable {
        var specification: Specification?
        var overrides: Members<Override>?

        enum CodingKeys: String, CodingKey {
            case specification = "LaunchTemplateSpecification"
            case overrides = "Overrides"
        }
    }

    private struct Override: Decodable {
        var specification: Specification?
        var image: String?

        enum CodingKeys: String, CodingKey {
            case specification = "LaunchTemplateSpecification"
            case image = "ImageId"
        }
    }

    private struct Specification: Decodable {
        var id: String?
        var name: String?
        var number: String?

        enum CodingKeys: String, CodingKey {
            case id = "LaunchTemplateId"
            case name = "LaunchTemplateName"
            case number = "Version"
        }

        var version: TemplateVersion { TemplateVersion(id: id, name: name, version: number) }
    }

    private struct ConfigurationPage: ListPage {
        var result: Configurations
        var items: [ConfigurationEntry] { result.list?.items ?? [] }
        var next: String? { result.next }

        enum CodingKeys: String, CodingKey { case result = "DescribeLaunchConfigurationsResult" }
    }

    private struct Configurations: Decodable {
        var list: Members<ConfigurationEntry>?
        var next: String?

        enum CodingKeys: String, CodingKey {
            case list = "LaunchConfigurations"
            case next = "NextToken"
        }
    }

    private struct ConfigurationEntry: Decodable {
        var name: String
        var image: String

        enum CodingKeys: String, CodingKey {
            case name = "LaunchConfigurationName"
            case image = "ImageId"
        }
    }
}
