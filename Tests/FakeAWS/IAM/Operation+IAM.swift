import OCI

extension Operation {
    /// What there is of Identity and Access Management: looking at the profiles of instances.
    ///
    /// Source: AWS Identity and Access Management API Reference, version 2010-05-08.
    static let iam: [Operation] = [
        Operation(
            service: .iam,
            name: "GetInstanceProfile",
            changes: false,
            members: [.required("InstanceProfileName", .text(1...128) { isIAMName($0) })],
            work: .world { world, call throws(Failure) in try world.getInstanceProfile(call) }
        ),
        Operation(
            service: .iam,
            name: "GetRole",
            changes: false,
            members: [roleName],
            work: .world { world, call throws(Failure) in try world.getRole(call) }
        ),
        Operation(
            service: .iam,
            name: "ListAttachedRolePolicies",
            changes: false,
            members: [
                roleName,
                .optional("PathPrefix", .text(1...512)),
                .optional("Marker", .text(1...320)),
                .optional("MaxItems", .integer(1...1000)),
            ],
            work: .world { world, call throws(Failure) in try world.listAttachedRolePolicies(call) }
        ),
    ]

    private static let roleName = Shape.Member.required("RoleName", .text(1...64) { isIAMName($0) })

    private static func isIAMName(_ text: String) -> Bool {
        text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_+=,.@-".contains($0)) }
    }
}
