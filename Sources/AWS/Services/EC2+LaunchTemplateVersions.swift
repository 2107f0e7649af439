extension EC2 {
    /// The versions of a launch template that its name alone may stand for.
    package struct LaunchTemplateState: Sendable, Hashable {
        package var template: String
        package var latest: LaunchTemplateVersion
        /// What `$Default` stands for; the newest one, too, where that is it.
        package var standard: LaunchTemplateVersion
    }

    /// Throws a `ServiceError` with the code `InvalidLaunchTemplateName.NotFoundException` where there is no such template.
    package func launchTemplate(named name: String) async throws -> LaunchTemplateState {
        var form = QueryForm("DescribeLaunchTemplateVersions", version: Self.version)
        form.add("LaunchTemplateName", name)
        form.add("LaunchTemplateVersion", list: ["$Latest", "$Default"])
        let call = call("DescribeLaunchTemplateVersions", form)
        let answer = try await session.send(call, in: region)
        let found: Answer = try session.decoded(answer, of: call, in: region)
        let entries = found.launchTemplateVersionSet.items
        guard let latest = entries.max(by: { $0.versionNumber < $1.versionNumber }),
            let standard = entries.first(where: \.defaultVersion)
        else { throw session.unreadable(call, region, answer) }
        return LaunchTemplateState(
            template: latest.launchTemplateId,
            latest: latest.version,
            standard: standard.version
        )
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

    private struct Answer: Decodable { var launchTemplateVersionSet: Items<LaunchTemplateEntry> }

    private struct Added: Decodable { var launchTemplateVersion: LaunchTemplateEntry }
}
