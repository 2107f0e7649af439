import AWS
import Bakefiles

/// A region that was found fit for an image, before anything was changed in it.
package struct PreparedRegion: Sendable, Hashable {
    package var name: String
    /// The ARN of the KMS key that its snapshots get.
    package var key: String?

    package init(name: String, key: String? = nil) {
        self.name = name
        self.key = key
    }
}

extension ImageRegistration {
    /// Finds what the settings name in a region: its key, with what it allows to others, and its launch template.
    ///
    /// Throws `RegistrationError.unfit` where one of them is missing or would not do.
    package func prepare(_ region: String) async throws -> PreparedRegion {
        var key: String?
        if let name = settings.keys[region] { key = try await usableKey(name, in: region) }
        if key == nil, !settings.share.isEmpty, let source = settings.copyFrom, settings.keys[source] != nil {
            throw RegistrationError.unfit(
                "a copy of what is encrypted in \(source) would have the key that AWS manages in \(region), and cannot be shared",
                fix: "give \(region) a key under 'keys' in the Bakefile"
            )
        }
        if let template = settings.launchTemplate {
            do {
                _ = try await EC2(session, region: region).launchTemplate(named: template.name)
            } catch let error as ServiceError where error.code == "InvalidLaunchTemplateName.NotFoundException" {
                throw RegistrationError.unfit(
                    "there is no launch template '\(template.name)' in \(region)",
                    fix: "create it, or take 'launch-template' out of the Bakefile"
                )
            }
        }
        return PreparedRegion(name: region, key: key)
    }

    private func usableKey(_ name: String, in region: String) async throws -> String {
        let kms = KMS(session, region: region)
        guard let key = try await kms.key(name) else {
            throw RegistrationError.unfit(
                "there is no key '\(name)' in \(region)",
                fix: "create it there, or change 'keys' in the Bakefile"
            )
        }
        guard key.state == "Enabled" else {
            throw RegistrationError.unfit("the key \(key.arn) is in the state '\(key.state)'", fix: "enable it")
        }
        if settings.share.isEmpty { return key.arn }
        if key.isManagedByAWS {
            throw RegistrationError.unfit(
                "what \(key.arn) encrypts cannot be shared",
                fix: "name a key of your own: nobody else ever gets to use one that AWS manages"
            )
        }
        let access: KeyAccess
        do {
            access = KeyAccess(policy: try await kms.policy(of: key.arn), grants: try await kms.grants(of: key.arn))
        } catch let error as ServiceError where error.isDenied {
            // As of a key of another account.
            say("\(region): whether \(key.arn) may be used by those who share the AMI is not known: \(error)")
            return key.arn
        }
        let shutOut = settings.share.filter { !access.allows($0) }
        if !shutOut.isEmpty {
            throw RegistrationError.unfit(
                "the policy and the grants of \(key.arn) do not let \(shutOut.joined(separator: ", ")) use it",
                fix:
                    "allow them \(KeyAccess.needed.sorted().joined(separator: ", ")): without it they cannot start the AMI"
            )
        }
        return key.arn
    }
}
