import OCI

extension World {
    mutating func registerImage(_ call: Invocation) throws(Failure) -> Outcome {
        let name = try newImageName(call)
        if let other = self[call.region].images.values.first(where: { $0.owner == call.account && $0.name == name }) {
            throw .ec2("InvalidAMIName.Duplicate", "AMI name \(name) is already in use by AMI \(other.id)")
        }
        let tags = try newTags(call, ["image"])["image"] ?? [:]
        if call.text("ImageLocation") != nil {
            throw .ec2("UnsupportedOperation", "Images in S3 are not there in the fake")
        }
        guard let root = call.text("RootDeviceName") else {
            throw .ec2("MissingParameter", "The request must contain the parameter imageLocation or rootDeviceName")
        }
        let devices = try newDevices(call)
        guard devices.contains(where: { $0.name == root && $0.snapshot != nil }) else {
            throw .ec2("InvalidBlockDeviceMapping", "The root device '\(root)' has no snapshot in the mapping")
        }
        var image = Image(
            id: newID("ami"),
            owner: call.account,
            region: call.region,
            name: name,
            rootDevice: root,
            devices: devices,
            now: call.now
        )
        image.tags = tags
        image.describe(call)
        try image.checkMachine()
        add(image, call)
        return .xml([XML("imageId", image.id)])
    }

    func newImageName(_ call: Invocation) throws(Failure) -> String {
        let name = call.text("Name") ?? ""
        let isValid = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "()[] ./-'@_".contains($0)) }
        guard isValid else {
            throw .ec2(
                "InvalidAMIName.Malformed",
                "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', "
                    + "'.', '-', '/' and '_'"
            )
        }
        return name
    }

    /// An image that begins its life as the behaviour says.
    mutating func add(_ image: Image, _ call: Invocation) {
        var image = image
        image.unknownRequests = behaviour.unknownImageRequests
        image.pendingPolls = behaviour.pendingImagePolls
        image.availableAt = call.now + behaviour.pendingImageSeconds
        image.flickers = behaviour.imagesFlicker
        if behaviour.failingImages > 0 {
            behaviour.failingImages -= 1
            image.failure = "The image could not be made"
        }
        self[call.region].images[image.id] = image
    }

    private mutating func newDevices(_ call: Invocation) throws(Failure) -> [Image.Device] {
        var devices: [Image.Device] = []
        for item in call.items("BlockDeviceMappings") {
            guard let name = item["DeviceName"]?.stringValue, !name.isEmpty else {
                throw .ec2("MissingParameter", "The request must contain the parameter deviceName")
            }
            if devices.contains(where: { $0.name == name }) {
                throw .ec2("InvalidBlockDeviceMapping", "The device '\(name)' is used in more than one mapping")
            }
            var device = Image.Device(name)
            device.virtualName = item["VirtualName"]?.stringValue
            if let disk = item["Ebs"] {
                if device.virtualName != nil {
                    throw .ec2("InvalidBlockDeviceMapping", "The device '\(name)' cannot be ephemeral and a volume")
                }
                try fill(&device, disk, call)
            } else if device.virtualName == nil {
                throw .ec2("InvalidBlockDeviceMapping", "The device '\(name)' has neither volume nor virtual name")
            }
            devices.append(device)
        }
        return devices
    }

    private mutating func fill(_ device: inout Image.Device, _ disk: JSONValue, _ call: Invocation) throws(Failure) {
        func number(_ name: String) -> Int? { disk[name]?.integerValue.map { Int($0) } }
        device.size = number("VolumeSize")
        device.type = disk["VolumeType"]?.stringValue ?? "gp2"
        device.iops = number("Iops")
        device.throughput = number("Throughput")
        device.initializationRate = number("VolumeInitializationRate")
        device.deletesOnTermination = disk["DeleteOnTermination"]?.boolValue ?? true
        device.isEncrypted = disk["Encrypted"]?.boolValue ?? false
        try device.checkVolume()
        if disk["KmsKeyId"] != nil { throw .ec2("InvalidParameter", "KmsKeyId is not supported by RegisterImage") }
        guard let id = disk["SnapshotId"]?.stringValue else {
            if device.size == nil {
                throw .ec2("MissingParameter", "The request must contain the parameter size or snapshotId")
            }
            return
        }
        if disk["Encrypted"] != nil {
            throw .ec2(
                "InvalidBlockDeviceMapping",
                "the encrypted flag cannot be specified since device \(device.name) has a snapshot specified."
            )
        }
        let snapshot = try ownSnapshot(id, call)
        guard snapshot.state == .completed else {
            throw .ec2("IncorrectState", "Snapshot '\(id)' is in invalid state - \(snapshot.reportedState)")
        }
        if let size = device.size, size < snapshot.volumeSize {
            throw .ec2(
                "InvalidBlockDeviceMapping",
                "Volume of size \(size)GB is smaller than snapshot '\(id)', expect size >= \(snapshot.volumeSize)GB"
            )
        }
        device.snapshot = id
        device.size = device.size ?? snapshot.volumeSize
        device.isEncrypted = snapshot.key != nil
    }
}

extension Image.Device {
    /// Source: Amazon EBS User Guide, "Amazon EBS volume types".
    mutating func checkVolume() throws(Failure) {
        let type = type ?? ""
        if iops != nil, !["io1", "io2", "gp3"].contains(type) {
            throw .ec2("InvalidParameterCombination", "The parameter iops is not supported for \(type) volumes.")
        }
        if throughput != nil, type != "gp3" {
            throw .ec2("InvalidParameterCombination", "The parameter throughput is not supported for \(type) volumes.")
        }
        if iops == nil, ["io1", "io2"].contains(type) {
            throw .ec2("MissingParameter", "The request must contain the parameter iops")
        }
        guard type == "gp3" else { return }
        guard (3000...80_000).contains(iops ?? 3000) else {
            throw .ec2("InvalidParameterValue", "Volume iops of \(iops ?? 0) is not in 3000...80000")
        }
        iops = iops ?? 3000
        throughput = throughput ?? 125
    }
}

extension Image {
    fileprivate mutating func describe(_ call: Invocation) {
        description = call.text("Description")
        // What is not said is not what anybody wants today, and so it is at AWS.
        architecture = call.text("Architecture") ?? "i386"
        virtualization = call.text("VirtualizationType") ?? "paravirtual"
        bootMode = call.text("BootMode")
        tpmSupport = call.text("TpmSupport")
        uefiData = call.text("UefiData")
        imdsSupport = call.text("ImdsSupport")
        hasENA = call.flag("EnaSupport")
        sriov = call.text("SriovNetSupport")
        kernel = call.text("KernelId")
        ramdisk = call.text("RamdiskId")
    }

    fileprivate func checkMachine() throws(Failure) {
        func refused(_ message: String) -> Failure { .ec2("InvalidParameterCombination", message) }
        if tpmSupport != nil, bootMode != "uefi" { throw refused("TpmSupport needs the boot mode 'uefi'.") }
        if tpmSupport != nil, architecture != "x86_64" {
            throw .ec2("InvalidParameterValue", "Invalid machineArchitecture value '\(architecture)' for tpmSupport")
        }
        if let uefiData {
            guard Base64.decode(uefiData) != nil else {
                throw .ec2Value("...", "uefiData", "It is not in Base64.")
            }
            guard bootMode == "uefi" || bootMode == "uefi-preferred" else {
                throw refused("UefiData needs the boot mode 'uefi' or 'uefi-preferred'.")
            }
        }
        if virtualization == "paravirtual" {
            if bootMode == "uefi" || bootMode == "uefi-preferred" {
                throw refused("The boot mode is not supported with virtualization type 'paravirtual'.")
            }
            if hasENA { throw refused("ENA is not supported with virtualization type 'paravirtual'.") }
            if sriov != nil { throw refused("SR-IOV is not supported with virtualization type 'paravirtual'.") }
            if architecture.hasPrefix("arm64") { throw refused("arm64 needs virtualization type 'hvm'.") }
        } else if kernel != nil || ramdisk != nil {
            throw refused("A kernel or ramdisk is not supported with virtualization type 'hvm'.")
        }
        if architecture.hasPrefix("arm64"), bootMode == "legacy-bios" {
            throw refused("arm64 needs the boot mode 'uefi'.")
        }
    }
}
