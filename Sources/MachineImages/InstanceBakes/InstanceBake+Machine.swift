import AWS
import Bakefiles
import HTTPTransport
import OCI
import SystemIO

extension InstanceBake {
    /// Less than this is not worth to go on with, and may be over before a call arrives: seconds.
    private static let leastTime: Int64 = 120

    func newRecord(after known: InstanceBakeRecord?) -> InstanceBakeRecord {
        let now = session.clock.now()
        return InstanceBakeRecord(
            name: name.text,
            project: name.project,
            image: name.image,
            plan: plan,
            identifier: identifier(started: now, after: known),
            bucket: builder.bucket,
            started: now,
            deadline: now + builder.deadline
        )
    }

    func isGood(_ known: InstanceBakeRecord) async throws -> Bool {
        let now = session.clock.now()
        guard known.plan == plan, now < known.deadline - Self.leastTime else { return false }
        guard let id = known.instance else { return true }
        switch try await ec2.instance(id)?.state {
        case .pending, .running: return true
        // Ours to stop once all is done, and nobody else's.
        case .stopping, .stopped: return known.applied > bundles.count
        case .shuttingDown, .terminated: return false
        case nil: return isYoung(known)
        }
    }

    /// Notes what is about to be done, or was.
    func note(_ record: InstanceBakeRecord) async throws {
        let journal = journal
        try await BlockingPool.shared.run { try journal.write(record) }
    }

    // MARK: Starting

    /// Why one kind of machine is not to be had, and another one may be.
    ///
    /// Source: Amazon EC2 API Reference, "Error codes".
    private static let isNotToBeHad: Set<String> = [
        "InsufficientInstanceCapacity", "InstanceLimitExceeded", "MaxSpotInstanceCountExceeded", "SpotMaxPriceTooLow",
        "Unsupported", "VcpuLimitExceeded",
    ]

    /// Starts a machine of the first kind that is to be had.
    func start(_ record: inout InstanceBakeRecord) async throws {
        let choices = builder.choices
        var reasons: [String] = []
        let volumes = try await volumes()
        for number in record.choice..<choices.count {
            let choice = choices[number]
            let words = choice.isSpot ? "\(choice.type) at spot price" : choice.type
            record.choice = number
            try await note(record)
            do {
                record.instance = try await ec2.start(launch(choice, record, volumes))
                record.launched = session.clock.now()
                try await note(record)
                say("\(record.instance ?? "") is started from \(source): \(words)")
                return
            } catch let error as ServiceError where Self.isNotToBeHad.contains(error.code) {
                let reason = "\(error.code): \(error.message)"
                reasons.append("\(words): \(reason)")
                say("\(words) is not to be had: \(reason)")
            }
        }
        throw InstanceBakeError.noCapacity(region: region, reasons)
    }

    func launch(
        _ choice: BuilderInstance.Choice,
        _ record: InstanceBakeRecord,
        _ volumes: [EC2.Launch.Volume]
    ) -> EC2.Launch {
        EC2.Launch(
            image: source,
            type: choice.type,
            isSpot: choice.isSpot,
            profile: builder.profile,
            subnet: builder.subnet,
            securityGroups: builder.securityGroups,
            userData: BuilderScript.userData(seconds: record.deadline - record.started),
            volumes: volumes,
            tags: [
                Tag(key: "Name", value: "ovenbird: \(name.text)"),
                Tag(key: MachineName.projectTag, value: name.project),
                Tag(key: MachineName.imageTag, value: name.image),
                Tag(key: Self.targetTag, value: name.identity.description),
                Tag(key: Self.bakeTag, value: record.identifier),
                Tag(key: Self.deadlineTag, value: Timestamp.text(seconds: record.deadline)),
            ] + registration.givenTags,
            token: record.token
        )
    }

    // MARK: Waiting

    /// How long an agent may take to be heard of.
    ///
    /// Six minutes were seen.
    private static let patienceForAgent = Duration.seconds(900)

    func waitForAgent(_ instance: String, _ record: InstanceBakeRecord) async throws {
        // Where all is done, nobody speaks to it any more.
        if record.applied > bundles.count { return }
        let ssm = SSM(session, region: region)
        let waiter = Waiter(longest: .seconds(10), patience: Self.patienceForAgent, clock: session.clock)
        do {
            try await waiter.wait(for: "\(region): \(instance)", say: registration.say) {
                try await check(instance, record)
                return switch try await ssm.ping(instance) {
                case "Online": .done(())
                case nil: .pending("starts, and its agent was not heard of yet")
                case let state?: .pending("starts, and its agent is '\(state)'")
                }
            }
        } catch let ended as WaitEnded {
            throw InstanceBakeError.noAgent(
                instance: instance,
                region: region,
                seconds: ended.seconds,
                hint:
                    "its image may have none, its profile '\(builder.profile)' may not allow it, or its network may not "
                    + "lead to ssm and ssmmessages"
            )
        }
    }

    /// Not every place of the service need know the machine yet.
    func isYoung(_ record: InstanceBakeRecord) -> Bool {
        record.launched.map { session.clock.now() - $0 < 300 } ?? false
    }

    /// Throws where the machine is there no more.
    func check(_ instance: String, _ record: InstanceBakeRecord) async throws {
        let found = try await ec2.instance(instance)
        if let found, found.isGone {
            let isOver = session.clock.now() >= record.deadline
            let usual = isOver ? "its deadline came" : "somebody ended it, or it was a spot machine that was taken away"
            let reason = isOver ? nil : found.reason
            throw InstanceBakeError.ended(instance: instance, region: region, reason ?? usual)
        }
        if found == nil, !isYoung(record) {
            throw InstanceBakeError.ended(instance: instance, region: region, "the service does not know it any more")
        }
    }

    /// Waits until a machine is off that was ended while it ran a command, of which it puts the output until then.
    ///
    /// What one that takes long puts behind us, 'orphans' finds.
    func waitForEnd(of instance: String) async throws {
        let waiter = Waiter(longest: .seconds(10), patience: .seconds(120), clock: session.clock)
        do {
            try await waiter.wait(for: "\(region): \(instance)", say: registration.say) {
                switch try await ec2.instance(instance)?.state {
                case nil, .terminated: .done(())
                case let state?: .pending("is \(state.rawValue)")
                }
            }
        } catch is WaitEnded {
            say("\(instance) is not off yet")
        }
    }

    /// Stops a machine, for its disk to be whole; a spot machine cannot be stopped, and is restarted with its image.
    func stop(_ instance: String) async throws {
        guard let found = try await ec2.instance(instance), !found.isSpot else { return }
        if found.state == .running || found.state == .pending { try await ec2.stop(instance) }
        let waiter = Waiter(longest: .seconds(10), patience: .seconds(1800), clock: session.clock)
        try await waiter.wait(for: "\(region): \(instance)", say: registration.say) {
            switch try await ec2.instance(instance)?.state {
            case .stopped: .done(())
            case .shuttingDown, .terminated:
                throw InstanceBakeError.ended(instance: instance, region: region, "it was ended, not stopped")
            case let state: .pending("is \(state?.rawValue ?? "not known")")
            }
        }
    }
}
