import OCI

extension Image {
    /// Whether an instance of a type can start from it.
    func checkFits(_ name: String) throws(Failure) {
        guard let type = InstanceType(name) else {
            throw .ec2("InvalidParameterValue", "Invalid value '\(name)' for InstanceType.")
        }
        guard type.architecture == architecture || (architecture == "i386" && type.architecture == "x86_64") else {
            throw .ec2(
                "InvalidParameterValue",
                "The architecture '\(type.architecture)' of the specified instance type does not match the "
                    + "architecture '\(architecture)' of the specified AMI."
            )
        }
        if type.needsENA, !hasENA {
            throw .ec2(
                "InvalidParameterCombination",
                "Enhanced networking with the Elastic Network Adapter (ENA) is required for the '\(name)' instance "
                    + "type."
            )
        }
    }

    /// Its devices as the request changes them.
    ///
    /// `find` finds a key by what the request calls it.
    func devices(mappedBy call: Invocation, _ find: (String) -> Key?) throws(Failure) -> [Device] {
        var result = devices
        for item in call.items("BlockDeviceMappings") {
            guard let name = item["DeviceName"]?.stringValue, !name.isEmpty else {
                throw .ec2("MissingParameter", "The request must contain the parameter deviceName")
            }
            guard let disk = item["Ebs"] else {
                throw .ec2("InvalidBlockDeviceMapping", "The fake maps EBS volumes only, not '\(name)'")
            }
            let place = result.firstIndex { $0.name == name }
            var device = place.map { result[$0] } ?? Device(name)
            func number(_ name: String) -> Int? { disk[name]?.integerValue.map { Int($0) } }
            if let size = number("VolumeSize") {
                if let least = device.size, size < least, let snapshot = device.snapshot {
                    throw .ec2(
                        "InvalidBlockDeviceMapping",
                        "Volume of size \(size)GB is smaller than snapshot '\(snapshot)', expect size >= \(least)GB"
                    )
                }
                device.size = size
            }
            guard device.size != nil else {
                throw .ec2("MissingParameter", "The request must contain the parameter size or snapshotId")
            }
            device.type = disk["VolumeType"]?.stringValue ?? device.type ?? "gp2"
            device.iops = number("Iops") ?? device.iops
            device.throughput = number("Throughput") ?? device.throughput
            device.deletesOnTermination = disk["DeleteOnTermination"]?.boolValue ?? device.deletesOnTermination
            device.isEncrypted = disk["Encrypted"]?.boolValue ?? device.isEncrypted
            if let name = disk["KmsKeyId"]?.stringValue {
                guard disk["Encrypted"]?.boolValue == true else {
                    throw .ec2(
                        "InvalidParameterDependency",
                        "The parameter KmsKeyId requires the parameter Encrypted to be set."
                    )
                }
                guard let key = find(name), key.state == .enabled else {
                    throw .ec2("InvalidKmsKeyId.NotFound", "The key '\(name)' does not exist or cannot be used")
                }
                device.key = key.arn
            }
            try device.checkVolume()
            if let place { result[place] = device } else { result.append(device) }
        }
        return result
    }
}
