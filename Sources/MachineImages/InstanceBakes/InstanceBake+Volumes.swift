import AWS
import Bakefiles

extension InstanceBake {
    /// GiB of the root volume, rounded up; nil leaves it as the AMI has it.
    var volumeSize: Int? { builder.diskSize.map { Int(($0 + (1 << 30) - 1) >> 30) } }

    /// How the machine's volumes are to be otherwise than the AMI has them.
    ///
    /// The snapshots of `CreateImage` are encrypted as the volumes are, and with what they are, so that the key has to be on
    /// them when the machine starts.
    ///
    /// Source: Amazon EC2 User Guide, "Use encryption with EBS-backed AMIs".
    func volumes() async throws -> [EC2.Launch.Volume] {
        if volumeSize == nil, place.key == nil { return [] }
        guard let found = try await ec2.sourceImage(source) else {
            throw InstanceBakeError.notReady(region: region, ["there is no AMI '\(source)' that this account may use"])
        }
        return found.volumes.filter { $0.isRoot || place.key != nil }.map { volume in
            EC2.Launch.Volume(device: volume.device, size: volume.isRoot ? volumeSize : nil, key: place.key)
        }
    }

    func checkVolumes(of found: EC2.MachineImage, _ problems: inout [String]) {
        guard let wanted = volumeSize, let least = found.volumes.first(where: \.isRoot)?.size, wanted < least else {
            return
        }
        problems.append("the AMI '\(source)' has a disk of \(least) GiB, and 'disk' says \(wanted) GiB, which is less")
    }
}
