extension EC2 {
    /// A launch template, whose versions say from what machines are started.
    package struct LaunchTemplate: Sendable, Hashable {
        package var id: String
        package var name: String
        package var latest: Int
        /// What `$Default` stands for.
        package var standard: Int
    }

    /// A version of one; it never changes.
    package struct LaunchTemplateVersion: Sendable, Hashable {
        package var number: Int
        /// An AMI, or `resolve:ssm:NAME`; nil where whoever uses the template says it.
        package var image: String?
    }

    package func launchTemplates() async throws -> [LaunchTemplate] {
        try await list(TemplatePage.self, "DescribeLaunchTemplates") { $0.add("MaxResults", 200) }.map(\.template)
    }

    /// All versions of a template; none where it is gone.
    package func versions(ofLaunchTemplate id: String) async throws -> [LaunchTemplateVersion] {
        do {
            return try await list(VersionPage.self, "DescribeLaunchTemplateVersions") { form in
                form.add("LaunchTemplateId", id)
                form.add("MaxResults", 200)
            }.map(\.version)
        } catch let error as ServiceError where error.code == "InvalidLaunchTemplateId.NotFound" {
            return []
        }
    }

    private struct TemplatePage: ListPage {
        var launchTemplates: Items<TemplateEntry>?
        var nextToken: String?
        var items: [TemplateEntry] { launchTemplates?.items ?? [] }
        var next: String? { nextToken }
    }

    private struct TemplateEntry: Decodable {
        var launchTemplateId: String
        var launchTemplateName: String
        var latestVersionNumber: Int
        var defaultVersionNumber: Int

        var template: LaunchTemplate {
            LaunchTemplate(
                id: launchTemplateId,
                name: launchTemplateName,
                latest: latestVersionNumber,
                standard: defaultVersionNumber
            )
        }
    }

    private struct VersionPage: ListPage {
        var launchTemplateVersionSet: Items<LaunchTemplateEntry>?
        var nextToken: String?
        var items: [LaunchTemplateEntry] { launchTemplateVersionSet?.items ?? [] }
        var next: String? { nextToken }
    }

    /// A version as answers have it.
    struct LaunchTemplateEntry: Decodable {
        var launchTemplateId: String
        var versionNumber: Int
        var defaultVersion: Bool
        var launchTemplateData: Content?

        struct Content: Decodable { var imageId: String? }

        var version: LaunchTemplateVersion {
            LaunchTemplateVersion(number: versionNumber, image: launchTemplateData?.imageId)
        }
    }
}
