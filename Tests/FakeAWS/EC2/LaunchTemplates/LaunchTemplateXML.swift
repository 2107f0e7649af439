import OCI

extension LaunchTemplate {
    var xml: [XML] {
        [
            XML("launchTemplateId", id),
            XML("launchTemplateName", name),
            XML("createTime", dateText(versions[0].date)),
            XML("createdBy", versions[0].user),
            XML("defaultVersionNumber", defaultVersion),
            XML("latestVersionNumber", versions[versions.count - 1].number),
            tags.isEmpty ? nil : Tags.xml(tags),
        ].compactMap(\.self)
    }

    /// With an `image` in the place of what names a parameter.
    func xml(_ version: Version, image: String?) -> [XML] {
        var data = version.data.objectValue ?? [:]
        if let image { data["ImageId"] = .string(image) }
        return [
            XML("launchTemplateId", id),
            XML("launchTemplateName", name),
            XML("versionNumber", version.number),
            XML("versionDescription", version.description),
            XML("createTime", dateText(version.date)),
            XML("createdBy", version.user),
            XML("defaultVersion", version.number == defaultVersion),
            XML("launchTemplateData", Self.elements(.object(data))),
        ].compactMap(\.self)
    }

    /// Members as EC2 answers with them: a small letter first, and sets of items for lists.
    private static func elements(_ value: JSONValue) -> [XML] {
        (value.objectValue ?? [:]).sorted { $0.key < $1.key }.map { name, value in
            let own = name.prefix(1).lowercased() + name.dropFirst()
            switch value {
            case .object: return XML(own, elements(value))
            case .array(let items):
                let set = sets[name] ?? own
                return XML(
                    set,
                    items.map { item in item.stringValue.map { XML("item", $0) } ?? XML("item", elements(item)) }
                )
            default: return XML(own, value.stringValue ?? value.canonicalText)
            }
        }
    }

    private static let sets = [
        "BlockDeviceMappings": "blockDeviceMappingSet", "SecurityGroupIds": "securityGroupIdSet",
        "SecurityGroups": "securityGroupSet", "NetworkInterfaces": "networkInterfaceSet", "Groups": "groupSet",
        "TagSpecifications": "tagSpecificationSet", "Tags": "tagSet",
    ]
}
