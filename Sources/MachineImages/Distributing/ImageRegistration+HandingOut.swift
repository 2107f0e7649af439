import AWS
import Bakefiles
import HTTPTransport
import OCI
import SystemIO

/// What lacks of what the settings say about who may use and how one finds an AMI.
struct LackingHandOut: Sendable, Hashable {
    /// Accounts that may not make volumes of the snapshot yet.
    var volumes: [String] = []
    /// Accounts, organisations and units that may not start machines yet.
    var machines: [String] = []
    /// When it is to be deprecated: seconds since 1970.
    var deprecation: Int64?
    /// The newest version of the launch template has another AMI.
    var isAddedToTemplate = false
    /// The launch template as it was found.
    var template: EC2.LaunchTemplateState?
    /// The version of the launch template that is to be the default one; nil is the one that is made.
    var defaultVersion: Int??
    /// The parameter that has another value.
    var parameter: String?
    /// Whether the parameter is there at all.
    var isParameterThere = false

    /// What is called for it, in order.
    var calls: [String] {
        [
            volumes.isEmpty ? nil : "ec2:ModifySnapshotAttribute", machines.isEmpty ? nil : "ec2:ModifyImageAttribute",
            deprecation == nil ? nil : "ec2:EnableImageDeprecation",
            !isAddedToTemplate ? nil : "ec2:CreateLaunchTemplateVersion",
            defaultVersion == nil ? nil : "ec2:ModifyLaunchTemplate", parameter == nil ? nil : "ssm:PutParameter",
        ].compactMap { $0 }
    }
}

extension ImageRegistration {
    /// Lets others use and find the AMI as the settings say, as far as that is not so yet; nobody's right is taken away.
    package func handOut(_ placed: PlacedImage) async throws -> PlacedImage {
        let lacking = try await lacking(placed)
        let ec2 = EC2(session, region: placed.region)
        var done = PlacedImage.HandedOut()
        // The snapshot first: whoever sees the AMI can also copy it.
        if !lacking.volumes.isEmpty { try await ec2.share(snapshot: placed.snapshot, with: lacking.volumes) }
        if !lacking.machines.isEmpty { try await ec2.share(image: placed.ami, with: lacking.machines) }
        done.sharedWith = settings.share.filter { lacking.volumes.contains($0) || lacking.machines.contains($0) }
        if !done.sharedWith.isEmpty {
            say("\(placed.region): \(placed.ami) may be used by \(done.sharedWith.joined(separator: ", "))")
        }
        if let time = lacking.deprecation {
            try await ec2.deprecate(image: placed.ami, at: time)
            done.deprecated = time
            say("\(placed.region): \(placed.ami) will be deprecated on \(Timestamp.text(seconds: time))")
        }
        done.launchTemplateVersion = try await addToLaunchTemplate(placed, lacking)
        if let parameter = lacking.parameter {
            try await set(parameter, isThere: lacking.isParameterThere, to: placed)
            done.parameter = parameter
        }
        var placed = placed
        placed.handedOut = done
        return placed
    }

    /// Compares what the settings say with what the account has.
    func lacking(_ placed: PlacedImage) async throws -> LackingHandOut {
        let ec2 = EC2(session, region: placed.region)
        var lacking = LackingHandOut()
        // A snapshot can be shared with accounts alone.
        let accounts = settings.share.filter { !$0.contains(":") }
        if !accounts.isEmpty {
            let users = try await ec2.users(ofSnapshot: placed.snapshot)
            lacking.volumes = accounts.filter { !users.contains($0) }
        }
        if !settings.share.isEmpty {
            let users = try await ec2.audience(ofImage: placed.ami)
            lacking.machines = settings.share.filter { !users.contains($0) }
        }
        if let after = settings.deprecateAfter, let registered = placed.registered {
            // Counted from when it was registered, so that the same is said each time; EC2 knows whole minutes.
            let time = (registered + after) / 60 * 60
            if time <= session.clock.now() {
                say(
                    "\(placed.region): \(placed.ami) would be deprecated since \(Timestamp.text(seconds: time)), which EC2 does not take"
                )
            } else if placed.deprecated != time {
                lacking.deprecation = time
            }
        }
        if let wanted = settings.launchTemplate {
            let found = try await ec2.launchTemplate(named: wanted.name)
            let isThere = found.latest.image == placed.ami
            lacking.isAddedToTemplate = !isThere
            lacking.template = found
            if wanted.isDefault, found.standard.image != placed.ami {
                lacking.defaultVersion = .some(isThere ? found.latest.number : nil)
            }
        }
        if let name = settings.parameter {
            let value = try await SSM(session, region: placed.region).parameter(name)
            lacking.isParameterThere = value != nil
            if value != placed.ami { lacking.parameter = name }
        }
        return lacking
    }

    private func addToLaunchTemplate(_ placed: PlacedImage, _ lacking: LackingHandOut) async throws -> Int? {
        guard let name = settings.launchTemplate?.name else { return nil }
        let ec2 = EC2(session, region: placed.region)
        var number: Int?
        if lacking.isAddedToTemplate, let known = lacking.template {
            let parts = [account, placed.region, known.template, String(known.latest.number), placed.ami]
            number = try await ec2.addVersion(
                ofLaunchTemplate: name,
                ami: placed.ami,
                description: String(description.prefix(255)),
                token: Digester.digest(of: JSONValue.strings(parts).canonicalBytes).hex
            )
        }
        if let known = lacking.defaultVersion, let new = known ?? number {
            try await ec2.setDefault(new, ofLaunchTemplate: name)
            number = new
        }
        if let number { say("\(placed.region): version \(number) of the launch template '\(name)' has \(placed.ami)") }
        return number
    }

    /// The service looks for the AMI after it has taken the value, and drops it where it does not find it: so it is read back.
    private func set(_ parameter: String, isThere: Bool, to placed: PlacedImage) async throws {
        let ssm = SSM(session, region: placed.region)
        try await ssm.put(
            parameter,
            ami: placed.ami,
            description: description,
            tags: isThere ? nil : name.lastingTags + givenTags
        )
        let waiter = Waiter(patience: .seconds(300), clock: session.clock)
        try await waiter.wait(for: "\(placed.region): the parameter '\(parameter)'", say: say) {
            switch try await ssm.parameter(parameter) {
            case placed.ami: .done(())
            case let other?: .pending("still has \(other)")
            case nil: .pending("is not there yet")
            }
        }
        say("\(placed.region): the parameter '\(parameter)' has \(placed.ami)")
    }
}
