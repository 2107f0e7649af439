extension Operation {
    /// Source: Amazon EC2 API Reference, version 2016-11-15.
    static let launchTemplates: [Operation] = [
        form(
            "CreateLaunchTemplate",
            [
                LaunchTemplateShapes.clientToken,
                .required("LaunchTemplateName", LaunchTemplateShapes.name),
                LaunchTemplateShapes.versionDescription,
                LaunchTemplateShapes.data,
                EC2Shapes.tagSpecifications,
            ],
            changes: true,
            makes: ["launch-template"]
        ) { world, call throws(Failure) in try world.createLaunchTemplate(call) },
        form(
            "CreateLaunchTemplateVersion",
            LaunchTemplateShapes.which + [
                LaunchTemplateShapes.clientToken,
                .optional("SourceVersion"),
                LaunchTemplateShapes.versionDescription,
                LaunchTemplateShapes.data,
                LaunchTemplateShapes.versionDescribed,
            ],
            changes: true
        ) { world, call throws(Failure) in try world.createLaunchTemplateVersion(call) },
        form(
            "ModifyLaunchTemplate",
            LaunchTemplateShapes.which + [
                LaunchTemplateShapes.clientToken, .optional("DefaultVersion", as: "SetDefaultVersion"),
            ],
            changes: true
        ) { world, call throws(Failure) in try world.modifyLaunchTemplate(call) },
        form("DeleteLaunchTemplate", LaunchTemplateShapes.which, changes: true) { world, call throws(Failure) in
            try world.deleteLaunchTemplate(call)
        },
        form(
            "DescribeLaunchTemplates",
            [
                .optional("LaunchTemplateIds", .list(.text), as: "LaunchTemplateId"),
                .optional("LaunchTemplateNames", .list(LaunchTemplateShapes.name), as: "LaunchTemplateName"),
                EC2Shapes.filters,
            ] + LaunchTemplateShapes.paging
        ) { world, call throws(Failure) in try world.describeLaunchTemplates(call) },
        form(
            "DescribeLaunchTemplateVersions",
            LaunchTemplateShapes.which + [
                .optional("Versions", .list(.text), as: "LaunchTemplateVersion"),
                .optional("MinVersion"),
                .optional("MaxVersion"),
                EC2Shapes.filters,
                LaunchTemplateShapes.versionDescribed,
            ] + LaunchTemplateShapes.paging
        ) { world, call throws(Failure) in try world.describeLaunchTemplateVersions(call) },
    ]
}
