import OCI

extension Operation {
    /// The Security Token Service.
    ///
    /// Source: AWS Security Token Service API Reference, version 2011-06-15.
    static let sts: [Operation] = [
        Operation(
            service: .sts,
            name: "GetCallerIdentity",
            changes: false,
            members: [],
            work: .world { _, call throws(Failure) in
                .xml([XML("UserId", call.userID), XML("Account", call.account), XML("Arn", call.arn)])
            }
        ),
        Operation(
            service: .sts,
            name: "AssumeRole",
            changes: false,
            members: roleMembers + [
                .optional("Policy", .text(1...100_000)),
                .optional("Tags", .list(.structure(sessionTag), 0...50)),
                .optional("TransitiveTagKeys", .list(.text(1...128), 0...50)),
                .optional("ExternalId", .text(2...1224) { isWord($0, "+=,.@:/-") }),
                .optional("SerialNumber", .text(9...256) { isWord($0, "+=/:,.@-") }),
                .optional("TokenCode", .text(6...6)),
                .optional("SourceIdentity", .text(2...64) { isWord($0, "+=,.@-") }),
            ],
            work: .world { world, call throws(Failure) in try world.assumeRole(call) }
        ),
        Operation(
            service: .sts,
            name: "AssumeRoleWithWebIdentity",
            changes: false,
            members: roleMembers + [
                .required("WebIdentityToken", .text(4...20_000)),
                .optional("ProviderId", .text(4...2048)),
                .optional("Policy", .text(1...2048)),
            ],
            isSigned: false,
            work: .world { world, call throws(Failure) in try world.assumeRoleWithWebIdentity(call) }
        ),
    ]

    private static let roleMembers: [Shape.Member] = [
        .required("RoleArn", .text(20...2048) { $0.hasPrefix("arn:aws") }),
        .required("RoleSessionName", .text(2...64) { isWord($0, "+=,.@-") }),
        .optional("PolicyArns", .list(.structure([.optional("arn", .text(20...2048))]))),
        .optional("DurationSeconds", .integer(900...43_200)),
    ]

    private static let sessionTag: [Shape.Member] = [
        .required("Key", .text(1...128)), .required("Value", .text(0...256)),
    ]

    private static func isWord(_ text: String, _ others: String) -> Bool {
        text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || others.contains($0)) }
    }
}
