import AWS
import Bakefiles
import HTTPTransport
import OCI
import SystemIO

extension ImageRegistration {
    /// Lets others use and find the AMI as the settings say, as far as that is not so yet; nobody's right is taken away.
    package func handOut(_ placed: PlacedImage) async throws -> PlacedImage {
        var placed = placed
        placed.handedOut.sharedWith = try await share(placed)
        placed.handedOut.deprecated = try await deprecate(placed)
        placed.handedOut.launchTemplateVersion = try await addToLaunchTemplate(placed)
        placed.handedOut.parameter = try await setParameter(placed)
        return placed
    }

    /// The snapshot first: whoever sees the AMI can also copy it.
    ///
    /// A snapshot can be shared with accounts alone.
    private func share(_ placed: PlacedImage) async throws -> [String] {
        if settings.share.isEmpty { return [] }
        let ec2 = EC2(session, region: placed.region)
        let accounts = settings.share.filter { !$0.contains(":") }
        var newVolumes: [String] = []
        if !accounts.isEmpty {
            let volumes = try await ec2.users(ofSnapshot: placed.snapshot)
            newVolumes = accounts.filter { !volumes.contains($0) }
            if !newVolumes.isEmpty { try await ec2.share(snapshot: placed.snapshot, with: newVolumes) }
        }
        let machines = try await ec2.users(ofImage: placed.ami)
        let newMachines = settings.share.filter { !machines.contains($0) }
        if !newMachines.isEmpty { try await ec2.share(image: placed.ami, with: newMachines) }
        let new = settings.share.filter { newVolumes.contains($0) || newMachines.contains($0) }
        if !new.isEmpty { say("\(placed.region): \(placed.ami) may be used by \(new.joined(separator: ", "))") }
        return new
    }

    /// Counted from when it was registered, so that the same is said each time; what would be over by now is not said.
    private func deprecate(_ placed: PlacedImage) async throws -> Int64? {
        guard let after = settings.deprecateAfter, let registered = placed.registered else { return nil }
        let ec2 = EC2(session, region: placed.region)
        // EC2 knows whole minutes.
        let time = (registered + after) / 60 * 60
        guard time > session.clock.now(), try await ec2.image(placed.ami)?.deprecated != time else { return nil }
        try await ec2.deprecate(image: placed.ami, at: time)
        say("\(placed.region): \(placed.ami) will be deprecated on \(Timestamp.text(seconds: time))")
        return time
    }

    private func addToLaunchTemplate(_ placed: PlacedImage) async throws -> Int? {
        guard let wanted = settings.launchTemplate else { return nil }
        let ec2 = EC2(session, region: placed.region)
        guard let (latest, standard) = try await ec2.launchTemplate(named: wanted.name) else { return nil }
        var new: Int?
        if latest.ami != placed.ami {
            let parts = [account, placed.region, latest.template, String(latest.number), placed.ami]
            new = try await ec2.addVersion(
                ofLaunchTemplate: wanted.name,
                ami: placed.ami,
                description: String(description.prefix(255)),
                token: Digester.digest(of: JSONValue.strings(parts).canonicalBytes).hex
            )
        }
        if wanted.isDefault, standard.ami != placed.ami {
            try await ec2.setDefault(new ?? latest.number, ofLaunchTemplate: wanted.name)
            new = new ?? latest.number
        }
        if let new { say("\(placed.region): version \(new) of the launch template '\(wanted.name)' has \(placed.ami)") }
        return new
    }

    /// The service looks for the AMI after it has taken the value, and drops it where it does not find it: so it is read back.
    private func setParameter(_ placed: PlacedImage) async throws -> String? {
        guard let name = settings.parameter else { return nil }
        let ssm = SSM(session, region: placed.region)
        if try await ssm.parameter(name) == placed.ami { return nil }
        try await ssm.put(name, ami: placed.ami, description: description)
        let waiter = Waiter(patience: .seconds(300), clock: session.clock)
        try await waiter.wait(for: "\(placed.region): the parameter '\(name)'", say: say) {
            switch try await ssm.parameter(name) {
            case placed.ami: .done(())
            case let other?: .pending("still has \(other)")
            case nil: .pending("is not there yet")
            }
        }
        say("\(placed.region): the parameter '\(name)' has \(placed.ami)")
        return name
    }
}
