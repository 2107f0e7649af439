import YAML

/// `ami:`, which says where an image is registered, and how it is put into others' hands.
package struct AMISettings: Sendable, Hashable {
    /// Regions of AWS, in the order of the Bakefile.
    package var regions: [String] = []
    /// The region that gets the blocks, and whose AMI the others copy; nil where each gets them by itself.
    package var copyFrom: String?
    /// What a region's snapshot is encrypted with: id, ARN or alias of a KMS key, by region.
    package var keys: [String: String] = [:]
    /// Twelve digits of each account, and ARNs of organisations and of units of them.
    package var share: [String] = []
    /// Further tags of all that is made: AMIs, snapshots, new parameters, machines and their volumes.
    package var tags: [String: String] = [:]
    /// The SSM parameter that has the newest AMI of each region.
    package var parameter: String?
    /// So many seconds after it was registered, an AMI counts as deprecated.
    package var deprecateAfter: Int64?
    package var launchTemplate: LaunchTemplate?

    package init() {}

    /// The launch template that gets a version for each new AMI.
    package struct LaunchTemplate: Sendable, Hashable {
        package var name = ""
        /// Whether the new version becomes the default one.
        package var isDefault = false
    }

    /// Source: Amazon EC2 User Guide, "Tag restrictions".
    private static let mostTags = 38

    static let shape = Keys<AMISettings>(
        "'ami'",
        [
            .required(
                "regions",
                Shape<String>.text(.region).list(atLeast: 1).unique(),
                \.regions,
                "the AWS regions that get the AMI"
            ),
            .optional(
                "copy-from",
                .text(.region),
                \.copyFrom,
                "the region whose AMI the others copy; without it each gets the blocks by itself"
            ),
            .defaulted(
                "keys",
                Shape<String>.text(.encryptionKey).mapping(.region).dictionary(),
                \.keys,
                "the KMS keys that the snapshots are encrypted with, by region"
            ),
            .defaulted(
                "share",
                Shape<String>.text(.awsPrincipal).list().unique(),
                \.share,
                "accounts, and ARNs of organisations and their units, that may use it"
            ),
            .defaulted(
                "tags",
                Shape<String>.text(.tagValue).mapping(.tagKey).dictionary(),
                \.tags,
                "further tags of AMIs, snapshots, new parameters, and builder machines with their volumes, from their beginning"
            ),
            .optional(
                "parameter",
                .text(.systemsParameter),
                \.parameter,
                "the SSM parameter that has the newest AMI, in each region"
            ),
            .optional(
                "deprecate-after",
                .currency,
                \.deprecateAfter,
                "how long an AMI is current, as in '90d'; it can be used longer"
            ),
            .optional(
                "launch-template",
                launchTemplate,
                \.launchTemplate,
                "the launch template that gets a version with the new AMI, in each region"
            ),
        ],
        synonyms: [
            "region": "regions", "accounts": "share", "key": "keys", "kms": "keys", "ssm": "parameter",
            "deprecate": "deprecate-after",
        ]
    )
    .shape(AMISettings())
    .then { settings, node, reading in
        var named = settings.keys.keys.sorted().map { (key: "keys", region: $0) }
        if let source = settings.copyFrom { named.append((key: "copy-from", region: source)) }
        guard let wrong = named.first(where: { !settings.regions.contains($0.region) }) else { return settings }
        return reading.fail(
            at: node[wrong.key]?.place ?? node.place,
            "'\(wrong.key)' names the region '\(wrong.region)', which does not get the AMI",
            .badList,
            fix: "add it to 'regions', or take it out of '\(wrong.key)'"
        )
    }
    .then { settings, node, reading in checkTags(settings, node, &reading) }

    private static func checkTags(_ settings: AMISettings, _ node: Node, _ reading: inout Reading) -> AMISettings? {
        if settings.tags.count <= mostTags { return settings }
        return reading.fail(
            at: node["tags"]?.place ?? node.place,
            "'tags' has \(settings.tags.count) tags",
            .badList,
            why: "AWS takes 50 for each thing, and Ovenbird needs \(50 - mostTags) of them",
            fix: "take some of them out"
        )
    }

    private static let launchTemplate = Keys<LaunchTemplate>(
        "'launch-template'",
        [
            .required("name", .text(.launchTemplateName), \.name, "its name"),
            .defaulted(
                "default",
                .flag,
                \.isDefault,
                "whether the new version becomes the default one; false by default"
            ),
        ]
    )
    .shape(LaunchTemplate())
}

extension Shape where Value == Int64 {
    /// Source: Amazon EC2 API Reference, EnableImageDeprecation: ten years at most.
    fileprivate static var currency: Shape {
        seconds.then { seconds, node, reading in
            if (60...3650 * 86_400).contains(seconds) { return seconds }
            return reading.fail(
                at: node.place,
                "\(reading.subject) is out of range",
                .badDuration,
                why: "it is from '1m' to '3650d'"
            )
        }
    }
}

extension Grammar {
    /// Source: AWS KMS API Reference, DescribeKey, `KeyId`.
    fileprivate static let encryptionKey = Grammar(
        "a KMS key",
        "arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(?:key|alias)/[A-Za-z0-9/_-]{1,250}|alias/[A-Za-z0-9/_-]{1,250}"
            + "|(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
        .badName,
        rule: "a form like 'alias/images', a key's id, or its ARN"
    )

    /// What all of EC2 and of the EBS direct APIs take, and nobody means otherwise already.
    ///
    /// Source: Amazon EC2 User Guide, "Tag restrictions"; Amazon EBS direct APIs Reference, Tag.
    fileprivate static let tagKey = Grammar(
        "a tag's key",
        "(?!(?:[Aa][Ww][Ss]|ovenbird):|Name$)[A-Za-z0-9 +=._:/@-]{1,127}",
        .badName,
        rule: "1 to 127 letters, digits, spaces and '+-=._:/@', without 'aws:' or 'ovenbird:' first, and not 'Name'"
    )

    fileprivate static let tagValue = Grammar(
        "a tag's value",
        "[A-Za-z0-9 +=._:/@-]{0,255}",
        .badName,
        rule: "up to 255 letters, digits, spaces and '+-=._:/@'"
    )

    /// Source: Amazon EC2 API Reference, LaunchPermission.
    fileprivate static let awsPrincipal = Grammar(
        "who may use an AMI",
        "[0-9]{12}|arn:aws[a-z-]*:organizations::[0-9]{12}:(?:organization/o-[a-z0-9]{10,32}"
            + "|ou/o-[a-z0-9]{10,32}/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})",
        .badName,
        rule: "twelve digits, in quotes, or the ARN of an organisation or of a unit of one"
    )

    /// Source: AWS Systems Manager API Reference, PutParameter, `Name`: at most 15 levels, and no `aws` or `ssm` first.
    fileprivate static let systemsParameter = Grammar(
        "an SSM parameter",
        "(?!/?(?:[Aa][Ww][Ss]|[Ss][Ss][Mm]))(?:[A-Za-z0-9_.-]{1,1011}|(?:/[A-Za-z0-9_.-]{1,512}){1,15})",
        .badName,
        rule: "letters, digits, '_', '.' and '-', with levels as in '/storefront/base', and not 'aws' or 'ssm' first"
    )

    /// Source: Amazon EC2 API Reference, CreateLaunchTemplate.
    fileprivate static let launchTemplateName = Grammar(
        "a launch template's name",
        "[A-Za-z0-9()./_-]{3,128}",
        .badName,
        rule: "3 to 128 letters, digits and '().-/_'"
    )
}
