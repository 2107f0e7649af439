import OCI

extension World {
    /// What names a parameter of Systems Manager instead of an AMI.
    static let aliasPrefix = "resolve:ssm:"

    /// The template that a call names by its id or by its name.
    mutating func launchTemplate(_ call: Invocation) throws(Failure) -> LaunchTemplate {
        switch (call.text("LaunchTemplateId"), call.text("LaunchTemplateName")) {
        case (let id?, nil): return try launchTemplate(id: id, call)
        case (nil, let name?): return try launchTemplate(name: name, call)
        case (nil, nil):
            throw .ec2("MissingParameter", "Either a launch template ID or a launch template name is needed.")
        case (.some, .some):
            throw .ec2("InvalidParameterCombination", "A launch template has an ID or a name in a request, not both.")
        }
    }

    mutating func launchTemplate(id: String, _ call: Invocation) throws(Failure) -> LaunchTemplate {
        try checkID(id, "lt-", "InvalidLaunchTemplateId.Malformed")
        guard let template = known(self[call.region].launchTemplates[id], call) else {
            throw .ec2(
                "InvalidLaunchTemplateId.NotFound",
                "The specified launch template, with template ID \(id), does not exist."
            )
        }
        return template
    }

    private mutating func launchTemplate(name: String, _ call: Invocation) throws(Failure) -> LaunchTemplate {
        let all = self[call.region].launchTemplates.values
        guard let template = known(all.first { $0.owner == call.account && $0.name == name }, call) else {
            throw .ec2(
                "InvalidLaunchTemplateName.NotFoundException",
                "The specified launch template, with template name \(name), does not exist."
            )
        }
        return template
    }

    /// Nil for what is another account's, and while a new one is not known everywhere.
    private mutating func known(_ template: LaunchTemplate?, _ call: Invocation) -> LaunchTemplate? {
        guard let template, template.owner == call.account else { return nil }
        guard template.unknownRequests > 0 else { return template }
        self[call.region].launchTemplates[template.id]?.unknownRequests -= 1
        return nil
    }

    func version(_ text: String, of template: LaunchTemplate) throws(Failure) -> LaunchTemplate.Version {
        guard let version = template.version(text) else {
            throw .ec2(
                "InvalidLaunchTemplateId.VersionNotFound",
                "Could not find launch template version \(text) of \(template.id)."
            )
        }
        return version
    }

    /// The AMI that a parameter names for a version.
    func resolved(_ version: LaunchTemplate.Version, _ call: Invocation) -> String? {
        guard let image = version.image, image.hasPrefix(Self.aliasPrefix) else { return nil }
        let parts = image.dropFirst(Self.aliasPrefix.utf8.count).split(separator: ":").map(String.init)
        let region = self[call.region]
        let parameter = parts.first.flatMap { region.parameters[call.account]?[$0] ?? region.publicParameters[$0] }
        guard parts.count == 2 else { return parameter?.value }
        return parameter?.versions.first { String($0.number) == parts[1] }?.value
    }

    mutating func describeLaunchTemplates(_ call: Invocation) throws(Failure) -> Outcome {
        let filters = try Filter.all(call, known: ["create-time", "launch-template-name"])
        let (ids, names) = (call.texts("LaunchTemplateIds"), call.texts("LaunchTemplateNames"))
        var found: [LaunchTemplate] = []
        for id in ids { found.append(try launchTemplate(id: id, call)) }
        for name in names { found.append(try launchTemplate(name: name, call)) }
        if ids.isEmpty, names.isEmpty { found = ownLaunchTemplates(call) }
        let chosen = found.filter { template in
            let fields = [
                "create-time": [dateText(template.versions[0].date)], "launch-template-name": [template.name],
            ]
            return filters.allSatisfy { $0.fits(fields, template.tags) }
        }
        let page = try paged(chosen, call)
        return .xml([.items("launchTemplates", page.items.map(\.xml))] + [page.next].compactMap(\.self))
    }

    private mutating func ownLaunchTemplates(_ call: Invocation) -> [LaunchTemplate] {
        let all = self[call.region].launchTemplates.values.sorted { $0.id < $1.id }
        return all.compactMap { known($0, call) }
    }

    mutating func describeLaunchTemplateVersions(_ call: Invocation) throws(Failure) -> Outcome {
        let filters = try Filter.all(call, known: ["image-id", "instance-type", "is-default-version"])
        let isNamed = call.text("LaunchTemplateId") != nil || call.text("LaunchTemplateName") != nil
        let asked = call.texts("Versions")
        if !isNamed, asked.isEmpty || asked.contains(where: { !$0.hasPrefix("$") }) {
            throw .ec2("MissingParameter", "Versions of all launch templates have to be $Latest or $Default.")
        }
        var found: [(LaunchTemplate, LaunchTemplate.Version)] = []
        for template in isNamed ? [try launchTemplate(call)] : ownLaunchTemplates(call) {
            if asked.isEmpty { found += template.versions.reversed().map { (template, $0) } }
            for text in asked { found.append((template, try version(text, of: template))) }
        }
        let numbers = (call.text("MinVersion").flatMap { Int($0) }, call.text("MaxVersion").flatMap { Int($0) })
        let chosen = found.filter { template, version in
            let fields = [
                "image-id": version.image.map { [$0] } ?? [],
                "instance-type": version.data["InstanceType"]?.stringValue.map { [$0] } ?? [],
                "is-default-version": [version.number == template.defaultVersion ? "true" : "false"],
            ]
            return version.number >= numbers.0 ?? 0 && version.number <= numbers.1 ?? .max
                && filters.allSatisfy { $0.fits(fields, [:]) }
        }
        let page = try paged(chosen, call)
        let items = page.items.map { template, version in
            template.xml(version, image: call.flag("ResolveAlias") ? resolved(version, call) : nil)
        }
        return .xml([.items("launchTemplateVersionSet", items)] + [page.next].compactMap(\.self))
    }
}
