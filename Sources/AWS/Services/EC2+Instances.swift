import HTTPTransport

extension EC2 {
    /// All that is said of a machine when it is started.
    package struct Launch: Sendable, Hashable {
        package var image: String
        /// As in `t3.small`.
        package var type: String
        /// Cheaper, and may be taken away again.
        package var isSpot: Bool
        /// The name of an instance profile.
        package var profile: String
        /// Nil for one of the default network's.
        package var subnet: String?
        package var securityGroups: [String]
        /// What the machine runs when it starts, as text.
        package var userData: String
        /// Volumes that are otherwise than the AMI has them.
        package var volumes: [Volume] = []
        /// On the machine and on all that is made for it.
        package var tags: [Tag]
        /// The same call with the same token starts nothing new; at most 64 characters.
        package var token: String

        package init(
            image: String,
            type: String,
            isSpot: Bool,
            profile: String,
            subnet: String?,
            securityGroups: [String],
            userData: String,
            volumes: [Volume] = [],
            tags: [Tag],
            token: String
        ) {
            self.image = image
            self.type = type
            self.isSpot = isSpot
            self.profile = profile
            self.subnet = subnet
            self.securityGroups = securityGroups
            self.userData = userData
            self.volumes = volumes
            self.tags = tags
            self.token = token
        }

        /// What a start makes, as tags and policies call it: all of it gets the tags, since policies may want them.
        package static func kinds(isSpot: Bool) -> [String] {
            ["instance", "volume", "network-interface"] + (isSpot ? ["spot-instances-request"] : [])
        }

        /// A volume of the AMI, and what of it is to be otherwise.
        package struct Volume: Sendable, Hashable {
            /// As the AMI calls it: `/dev/xvda`.
            package var device: String
            /// GiB.
            package var size: Int?
            /// The ARN of what it is encrypted with.
            package var key: String?

            package init(device: String, size: Int? = nil, key: String? = nil) {
                self.device = device
                self.size = size
                self.key = key
            }
        }
    }

    /// Starts a machine that nobody can log in to, and that is gone once it has been shut down; gives its id.
    ///
    /// Its metadata is there for sessions only, and tells nothing beyond the machine.
    package func start(_ launch: Launch) async throws -> String {
        let call = call("RunInstances", form(launch))
        let answer: Started = try await session.xml(call, in: region)
        guard let id = answer.instancesSet.items.first?.instanceId else {
            throw ServiceError(
                call,
                region: region,
                status: 200,
                code: "unreadable answer",
                message: "it names no instance"
            )
        }
        return id
    }

    /// Whether EC2 would let us.
    package func mayStart(_ launch: Launch) async throws -> Permission {
        try await permission(for: "RunInstances", form(launch))
    }

    private func form(_ launch: Launch) -> QueryForm {
        var form = QueryForm("RunInstances", version: Self.version)
        form.add("ImageId", launch.image)
        form.add("InstanceType", launch.type)
        form.add("MinCount", 1)
        form.add("MaxCount", 1)
        form.add("ClientToken", launch.token)
        form.add("IamInstanceProfile.Name", launch.profile)
        form.add("SubnetId", launch.subnet)
        form.add("SecurityGroupId", list: launch.securityGroups)
        form.add("UserData", Base64.encode(Array(launch.userData.utf8)))
        form.add("InstanceInitiatedShutdownBehavior", "terminate")
        form.add("MetadataOptions.HttpEndpoint", "enabled")
        form.add("MetadataOptions.HttpTokens", "required")
        form.add("MetadataOptions.HttpPutResponseHopLimit", 1)
        if launch.isSpot {
            form.add("InstanceMarketOptions.MarketType", "spot")
            form.add("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time")
            form.add("InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "terminate")
        }
        for (number, volume) in launch.volumes.enumerated() {
            let prefix = "BlockDeviceMapping.\(number + 1)"
            form.add("\(prefix).DeviceName", volume.device)
            form.add("\(prefix).Ebs.VolumeSize", volume.size)
            form.add("\(prefix).Ebs.Encrypted", volume.key.map { _ in true })
            form.add("\(prefix).Ebs.KmsKeyId", volume.key)
            form.add("\(prefix).Ebs.DeleteOnTermination", true)
        }
        form.add(tags: launch.tags, to: Launch.kinds(isSpot: launch.isSpot))
        return form
    }

    /// A machine as it is now.
    package struct Instance: Sendable, Hashable {
        package enum State: String, Sendable, Hashable, Decodable {
            case pending
            case running
            case shuttingDown = "shutting-down"
            case terminated
            case stopping
            case stopped
        }

        package var id: String
        /// The AMI that it was started from.
        package var image: String
        package var state: State
        package var isSpot: Bool
        /// Why it is as it is, where the service says so.
        package var reason: String?
        package var tags: [Tag]

        /// It is there no more, or soon will be.
        package var isGone: Bool { state == .shuttingDown || state == .terminated }
    }

    /// The machine; nil where there is none, as right after it was started.
    package func instance(_ id: String) async throws -> Instance? {
        do {
            return try await instances { $0.add("InstanceId", list: [id]) }.first
        } catch let error as ServiceError where error.code == "InvalidInstanceID.NotFound" {
            return nil
        }
    }

    /// The machines with this tag that are not gone.
    package func instances(tagged tag: Tag) async throws -> [Instance] {
        try await instances { form in
            form.add(filters: [
                "tag:\(tag.key)": [Self.literal(tag.value)],
                "instance-state-name": ["pending", "running", "stopping", "stopped"],
            ])
        }
    }

    /// The machines that were started from these AMIs; those that are terminated are none.
    package func instances(startedFrom images: [String]) async throws -> [Instance] {
        var found: [Instance] = []
        for some in Self.filterValues(images) {
            found += try await instances { form in
                form.add(filters: [
                    "image-id": some,
                    "instance-state-name": ["pending", "running", "shutting-down", "stopping", "stopped"],
                ])
                form.add("MaxResults", 1000)
            }
        }
        return found
    }

    package func stop(_ instance: String) async throws {
        try await change("StopInstances", instance)
    }

    /// Ends a machine for good; nothing happens where there is none.
    ///
    /// One that is young may not be known everywhere yet, and is asked for until it is.
    package func terminate(_ instance: String, isYoung: Bool = false) async throws {
        do {
            try await change(
                "TerminateInstances",
                instance,
                mayBeUnknownYet: isYoung ? ["InvalidInstanceID.NotFound"] : []
            )
        } catch let error as ServiceError where error.code == "InvalidInstanceID.NotFound" {
            // It is gone for so long that it has been forgotten.
        }
    }

    private func change(_ operation: String, _ instance: String, mayBeUnknownYet: Set<String> = []) async throws {
        var form = QueryForm(operation, version: Self.version)
        form.add("InstanceId", list: [instance])
        _ = try await session.send(call(operation, form, mayBeUnknownYet: mayBeUnknownYet), in: region)
    }

    private func instances(_ choose: (inout QueryForm) -> Void) async throws -> [Instance] {
        try await list(Page.self, "DescribeInstances", choose)
            .flatMap { $0.instancesSet?.items ?? [] }.map(\.instance)
    }

    private struct Started: Decodable { var instancesSet: Items<StartedInstance> }

    private struct StartedInstance: Decodable { var instanceId: String }

    private struct Page: ListPage {
        var reservationSet: Items<Reservation>?
        var nextToken: String?
        var items: [Reservation] { reservationSet?.items ?? [] }
        var next: String? { nextToken }
    }

    private struct Reservation: Decodable { var instancesSet: Items<Entry>? }

    private struct Entry: Decodable {
        var instanceId: String
        var imageId: String?
        var instanceState: StateEntry
        var instanceLifecycle: String?
        var stateReason: Reason?
        var tagSet: Items<Tag>?

        var instance: Instance {
            Instance(
                id: instanceId,
                image: imageId ?? "",
                state: instanceState.name,
                isSpot: instanceLifecycle == "spot",
                reason: stateReason?.message,
                tags: tagSet?.items ?? []
            )
        }
    }

    private struct StateEntry: Decodable { var name: Instance.State }

    private struct Reason: Decodable { var message: String? }
}

extension EC2 {
    /// Makes an AMI of a machine and a snapshot of its disk, both with these tags, and gives the AMI's id.
    ///
    /// A machine that runs is restarted for it. The call has no token: of two with one name the second one fails with
    /// `InvalidAMIName.Duplicate`.
    package func createImage(of instance: String, name: String, description: String, tags: [Tag]) async throws -> String
    {
        var form = QueryForm("CreateImage", version: Self.version)
        form.add("InstanceId", instance)
        form.add("Name", name)
        form.add("Description", description)
        form.add(tags: tags, to: ["image", "snapshot"])
        // That it has stopped is not known everywhere yet.
        let call = call("CreateImage", form, mayBeUnknownYet: ["IncorrectState", "InvalidParameterValue"])
        let answer: MadeImage = try await session.xml(call, in: region)
        return answer.imageId
    }

    private struct MadeImage: Decodable { var imageId: String }
}

extension QueryForm {
    /// Tags of what the call makes, for each kind of it.
    fileprivate mutating func add(tags: [Tag], to kinds: [String]) {
        for (number, kind) in kinds.enumerated() {
            add(tags: tags, of: kind, number: number + 1)
        }
    }
}
