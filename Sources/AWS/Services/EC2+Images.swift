import OCI

extension EC2 {
    /// An AMI as it is now.
    package struct MachineImage: Sendable, Hashable {
        package var id: String
        package var name: String
        package var state: State
        /// Why it failed, where it did.
        package var reason: String?
        /// Of its root device; nil for as long as the service does not say.
        package var snapshot: String?
        /// Of all its devices.
        package var snapshots: [String]
        /// When it was registered: seconds since 1970; nil where the service does not say.
        package var created: Int64?
        /// From when on it is not listed for others: seconds since 1970.
        package var deprecated: Int64?
        /// Anybody may use it.
        package var isPublic: Bool
        /// The account has forbidden to deregister it.
        package var isProtected: Bool
        /// `x86_64` or `arm64`.
        package var architecture: String
        /// A volume of it outlives the machine that is started from it.
        package var leavesVolumes: Bool
        package var tags: [Tag]
        /// Its volumes.
        package var volumes: [Volume] = []

        package struct Volume: Sendable, Hashable {
            /// `/dev/xvda`.
            package var device: String
            /// GiB; nil where the service does not say.
            package var size: Int?
            package var isRoot: Bool
        }

        package enum State: String, Sendable, Hashable, Decodable {
            case pending
            case available
            case invalid
            case deregistered
            case transient
            case failed
            case error
            case disabled
        }
    }

    /// The account's own AMIs of this name: at most one that was registered, and copies.
    package func ownImages(named name: String) async throws -> [MachineImage] {
        try await images { form in
            form.add("Filter.1.Name", "name")
            form.add("Filter.1.Value", list: [Self.literal(name)])
            form.add("Owner", list: ["self"])
            form.add("IncludeDisabled", true)
        }.filter { $0.name == name }
    }

    /// The AMI; nil where there is none, as right after it was registered, and where there is none any more.
    package func image(_ id: String) async throws -> MachineImage? {
        do {
            return try await images { $0.add("ImageId", list: [id]) }.first
        } catch let error as ServiceError where Self.noImage.contains(error.code) {
            return nil
        }
    }

    /// From when on the AMI counts as deprecated: seconds since 1970, a whole minute.
    package func deprecate(image id: String, at time: Int64) async throws {
        var form = QueryForm("EnableImageDeprecation", version: Self.version)
        form.add("ImageId", id)
        form.add("DeprecateAt", Timestamp.text(seconds: time))
        let call = call("EnableImageDeprecation", form, mayBeUnknownYet: ["InvalidAMIID.NotFound"])
        _ = try await session.send(call, in: region)
    }

    static let noImage: Set<String> = ["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"]

    /// The account's own AMIs with a tag, deprecated and disabled ones too.
    package func ownImages(tagged tag: Tag) async throws -> [MachineImage] {
        try await images { form in
            form.add(filters: ["tag:\(tag.key)": [Self.literal(tag.value)]])
            form.add("Owner", list: ["self"])
            form.add("IncludeDeprecated", true)
            form.add("IncludeDisabled", true)
            form.add("MaxResults", 1000)
        }
    }

    /// The account's own AMIs that one of these snapshots is part of, deprecated and disabled ones too.
    package func ownImages(ofSnapshots snapshots: [String]) async throws -> [MachineImage] {
        var found: [MachineImage] = []
        for some in Self.filterValues(snapshots) {
            found += try await images { form in
                form.add(filters: ["block-device-mapping.snapshot-id": some])
                form.add("Owner", list: ["self"])
                form.add("IncludeDeprecated", true)
                form.add("IncludeDisabled", true)
                form.add("MaxResults", 1000)
            }
        }
        return found
    }

    func images(_ choose: (inout QueryForm) -> Void) async throws -> [MachineImage] {
        try await list(Page.self, "DescribeImages", choose).map(\.image)
    }

    private struct Page: ListPage {
        var imagesSet: Items<Entry>
        var nextToken: String?
        var items: [Entry] { imagesSet.items }
        var next: String? { nextToken }
    }

    private struct Entry: Decodable {
        var imageId: String
        var name: String?
        var imageState: MachineImage.State
        var rootDeviceName: String?
        var stateReason: Reason?
        var creationDate: String?
        var deprecationTime: String?
        var isPublic: Bool?
        var deregistrationProtection: String?
        var architecture: String?
        var blockDeviceMapping: Items<Mapping>?
        var tagSet: Items<Tag>?

        var image: MachineImage {
            let mappings = blockDeviceMapping?.items ?? []
            return MachineImage(
                id: imageId,
                name: name ?? "",
                state: imageState,
                reason: stateReason?.message,
                snapshot: (mappings.first { $0.deviceName == rootDeviceName } ?? mappings.first)?.ebs?.snapshotId,
                snapshots: mappings.compactMap { $0.ebs?.snapshotId },
                created: creationDate.flatMap { Timestamp.seconds($0) },
                deprecated: deprecationTime.flatMap { Timestamp.seconds($0) },
                isPublic: isPublic ?? false,
                isProtected: deregistrationProtection.map { $0 != "disabled" } ?? false,
                architecture: architecture ?? "",
                leavesVolumes: mappings.contains { $0.ebs?.deleteOnTermination == false },
                tags: tagSet?.items ?? [],
                volumes: mappings.compactMap { mapping in
                    guard let device = mapping.deviceName, let disk = mapping.ebs else { return nil }
                    return .init(device: device, size: disk.volumeSize, isRoot: device == rootDeviceName)
                }
            )
        }
    }

    private struct Reason: Decodable { var message: String? }

    private struct Mapping: Decodable {
        var deviceName: String?
        var ebs: Device?
    }

    private struct Device: Decodable {
        var snapshotId: String?
        var deleteOnTermination: Bool?
        var volumeSize: Int?
    }
}

extension EC2 {
    /// All that is said of an AMI when it is registered: what is not said, the service guesses.
    package struct Registration: Sendable, Hashable {
        package enum BootMode: String, Sendable, Hashable {
            case bios = "legacy-bios"
            case uefi
            case uefiPreferred = "uefi-preferred"
        }

        package var name: String
        package var description: String
        /// `x86_64` or `arm64`.
        package var architecture: String
        package var bootMode: BootMode
        package var snapshot: String
        /// GiB.
        package var volumeSize: Int
        package var tags: [Tag]

        /// The service refuses a TPM for any other: "Invalid machineArchitecture value 'arm64' for tpmSupport".
        ///
        /// Source: balena-os/balena-yocto-scripts#298, where EC2 says so.
        var mayHaveTPM: Bool { bootMode == .uefi && architecture == "x86_64" }

        package init(
            name: String,
            description: String,
            architecture: String,
            bootMode: BootMode,
            snapshot: String,
            volumeSize: Int,
            tags: [Tag]
        ) {
            self.name = name
            self.description = description
            self.architecture = architecture
            self.bootMode = bootMode
            self.snapshot = snapshot
            self.volumeSize = volumeSize
            self.tags = tags
        }
    }

    /// What EC2 calls the first disk.
    private static let rootDevice = "/dev/xvda"

    /// Registers a snapshot as an AMI, and gives its id.
    ///
    /// The call has no token: of two with one name the second one fails with `InvalidAMIName.Duplicate`.
    package func register(_ image: Registration) async throws -> String {
        let call = call("RegisterImage", form(image), mayBeUnknownYet: ["InvalidSnapshot.NotFound"])
        let answer: Registered = try await session.xml(call, in: region)
        return answer.imageId
    }

    /// Whether EC2 would let us; a snapshot need not be there for it.
    package func mayRegister(_ image: Registration) async throws -> Permission {
        try await permission(for: "RegisterImage", form(image))
    }

    private func form(_ image: Registration) -> QueryForm {
        var form = QueryForm("RegisterImage", version: Self.version)
        form.add("Name", image.name)
        form.add("Description", image.description)
        form.add("Architecture", image.architecture)
        form.add("VirtualizationType", "hvm")
        form.add("RootDeviceName", Self.rootDevice)
        form.add("BlockDeviceMapping.1.DeviceName", Self.rootDevice)
        form.add("BlockDeviceMapping.1.Ebs.SnapshotId", image.snapshot)
        form.add("BlockDeviceMapping.1.Ebs.VolumeSize", image.volumeSize)
        form.add("BlockDeviceMapping.1.Ebs.VolumeType", "gp3")
        form.add("BlockDeviceMapping.1.Ebs.DeleteOnTermination", true)
        form.add("EnaSupport", true)
        form.add("SriovNetSupport", "simple")
        form.add("BootMode", image.bootMode.rawValue)
        form.add("ImdsSupport", "v2.0")
        if image.mayHaveTPM { form.add("TpmSupport", "v2.0") }
        form.add(tags: image.tags, of: "image", number: 1)
        return form
    }

    private struct Registered: Decodable { var imageId: String }
}
