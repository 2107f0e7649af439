extension EC2 {
    /// A version of a launch template.
    package struct LaunchTemplateVersion: Sendable, Hashable {
        package var template: String
        package var number: Int
        package var isDefault: Bool
        package var ami: String?

        package init(template: String, number: Int, isDefault: Bool, ami: String? = nil) {
            self.template = template
            self.number = number
            self.isDefault = isDefault
            self.ami = ami
        }
    }

    /// The newest version of a template and the default one; both are one where the newest is the default.
    ///
    /// Throws a `ServiceError` with the code `InvalidLaunchTemplateName.NotFoundException` where there is no such template.
    package func launchTemplate(
        named name: String
    ) async throws -> (latest: LaunchTemplateVersion, standard: LaunchTemplateVersion)? {
        var form = QueryForm("DescribeLaunchTemplateVersions", version: Self.version)
        form.add("LaunchTemplateName", name)
        form.add("LaunchTemplateVersion", list: ["$Latest", "$Default"])
        let answer: Answer = try await session.xml(call("DescribeLaunchTemplateVersions", form), in: region)
        let found = answer.launchTemplateVersionSet.items.map(\.version)
        guard let latest = found.max(by: { $0.number < $1.number }), let standard = found.first(where: \.isDefault)
        else { return nil }
        return (latest, standard)
    }

    /// Adds a version that is the newest one but for its AMI, and gives its number.
    package func addVersion(
        ofLaunchTemplate name: String,
        ami: String,
        description: String,
        token: String
    ) async throws -> Int {
        var form = QueryForm("CreateLaunchTemplateVersion", version: Self.version)
        form.add("ClientToken", token)
        form.add("LaunchTemplateName", name)
        form.add("SourceVersion", "$Latest")
        form.add("VersionDescription", description)
        form.add("LaunchTemplateData.ImageId", ami)
        let answer: Added = try await session.xml(call("CreateLaunchTemplateVersion", form), in: region)
        return answer.launchTemplateVersion.versionNumber
    }

    /// Makes a version the one that machines get where nobody names another.
    package func setDefault(_ number: Int, ofLaunchTemplate name: String) async throws {
        var form = QueryForm("ModifyLaunchTemplate", version: Self.version)
        form.add("LaunchTemplateName", name)
        form.add("SetDefaultVersion", number)
        _ = try await session.send(call("ModifyLaunchTemplate", form), in: region)
    }

    private struct Answer: Decodable { var launchTemplateVersionSet: Items<Entry> }

    private struct Added: Decodable { var launchTemplateVersion: Entry }

    private struct Entry: Decodable {
        var launchTemplateId: String
        var versionNumber: Int
        var defaultVersion: Bool
        var launchTemplateData: Data?

        var version: LaunchTemplateVersion {
            LaunchTemplateVersion(
                template: launchTemplateId,
                number: versionNumber,
                isDefault: defaultVersion,
                ami: launchTemplateData?.imageId
            )
        }
    }

    private struct Data: Decodable { var imageId: String? }
}
