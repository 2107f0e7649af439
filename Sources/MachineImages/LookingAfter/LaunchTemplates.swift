import AWS

/// The launch templates of a region, and which of their versions count as users.
struct LaunchTemplates: Sendable {
    /// So many newest versions of each count; the standard one and those that groups name always do.
    ///
    /// CloudFormation leaves each version that it ever made, so that with all of them nothing would ever be unused. The
    /// number is that of EC2's own references to AMIs.
    ///
    /// Source: Amazon EC2 API Reference, DescribeImageReferences, `version-depth`.
    static let depth = 20

    var templates: [EC2.LaunchTemplate]
    /// By the template's id.
    var versions: [String: [EC2.LaunchTemplateVersion]]
    /// The AMIs of parameters that versions name instead of one, by the names.
    var parameters: [String: String] = [:]

    private static let alias = "resolve:ssm:"

    /// The names of the parameters that versions name instead of an AMI.
    var aliases: Set<String> {
        Set(
            versions.values.joined().compactMap { version in
                guard let image = version.image, image.hasPrefix(Self.alias) else { return nil }
                return String(image.dropFirst(Self.alias.count))
            }
        )
    }

    /// The AMI that a version starts; nil where it says none.
    private func image(of version: EC2.LaunchTemplateVersion) -> String? {
        guard let image = version.image, image.hasPrefix(Self.alias) else { return version.image }
        return parameters[String(image.dropFirst(Self.alias.count))]
    }

    /// AMIs that versions name, the version in words.
    var uses: [(ami: String, user: ImageUser)] {
        templates.flatMap { template in
            (versions[template.id] ?? []).compactMap { version in
                let counts = version.number > template.latest - Self.depth || version.number == template.standard
                guard counts, let ami = image(of: version) else { return nil }
                return (
                    ami, ImageUser(.launchTemplates, "launch template '\(template.name)', version \(version.number)")
                )
            }
        }
    }

    /// The AMI that somebody starts by a version of a template; nil where there is no such one.
    func image(of named: AutoScaling.TemplateVersion) -> String? {
        let found = templates.first { named.id == nil ? $0.name == named.name : $0.id == named.id }
        guard let template = found else { return nil }
        let number =
            switch named.version {
            case "$Latest": template.latest
            case nil, "", "$Default": template.standard
            case let text?: Int(text) ?? template.standard
            }
        return versions[template.id]?.first { $0.number == number }.flatMap(image(of:))
    }
}

/// Launch templates as they are now; of one that has no new version nothing is asked twice, for versions never change.
actor LaunchTemplateReader {
    private let ec2: EC2
    private let parameters: SSM
    private var known: [String: (latest: Int, versions: [EC2.LaunchTemplateVersion])] = [:]

    init(_ session: AWSSession, region: String) {
        ec2 = EC2(session, region: region)
        parameters = SSM(session, region: region)
    }

    /// So many templates are asked for at a time.
    private static let width = 8

    func read() async throws -> LaunchTemplates {
        let templates = try await ec2.launchTemplates()
        let missing = templates.filter { known[$0.id]?.latest != $0.latest }
        var next = missing.makeIterator()
        let ec2 = ec2
        let found = try await withThrowingTaskGroup(
            of: (EC2.LaunchTemplate, [EC2.LaunchTemplateVersion]).self
        ) { group in
            for template in (0..<Self.width).compactMap({ _ in next.next() }) {
                group.addTask { (template, try await ec2.versions(ofLaunchTemplate: template.id)) }
            }
            var found: [(EC2.LaunchTemplate, [EC2.LaunchTemplateVersion])] = []
            while let one = try await group.next() {
                found.append(one)
                if let template = next.next() {
                    group.addTask { (template, try await ec2.versions(ofLaunchTemplate: template.id)) }
                }
            }
            return found
        }
        for (template, versions) in found { known[template.id] = (template.latest, versions) }
        var result = LaunchTemplates(templates: templates, versions: known.mapValues(\.versions))
        result.parameters = try await parameters.values(ofParameters: result.aliases.sorted())
        return result
    }
}
