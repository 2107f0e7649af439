package import SystemPackage

/// An AMI as the fake knows it.
package struct Image: Sendable {
    package struct Device: Sendable, Hashable {
        package var name: String
        package var snapshot: String?
        /// GiB.
        package var size: Int?
        package var type: String?
        package var deletesOnTermination = true
        package var iops: Int?
        package var throughput: Int?
        package var initializationRate: Int?
        package var isEncrypted = false
        /// What a volume is to be encrypted with, where a launch says so.
        package var key: String?
        package var virtualName: String?

        init(_ name: String) { self.name = name }
    }

    package let id: String
    package let owner: String
    package let region: String
    package var name: String
    package var description: String?
    package var architecture = "i386"
    package var virtualization = "paravirtual"
    package var rootDevice: String
    package var devices: [Device]
    package var bootMode: String?
    package var tpmSupport: String?
    package var uefiData: String?
    package var imdsSupport: String?
    package var hasENA = false
    package var sriov: String?
    package var kernel: String?
    package var ramdisk: String?
    package var sourceImage: String?
    package var sourceRegion: String?
    /// Of which instance it was made.
    package var sourceInstance: String?
    /// What instances of it begin with; nil where the fake knows nothing of it.
    package var root: FilePath?
    package var tags: [String: String] = [:]
    package var creationTime: Int64
    package var deprecation: Int64?
    /// Why it never becomes available.
    package var failure: String?
    package var isPublic = false
    package var users: Set<String> = []
    package var organizations: Set<String> = []
    package var organizationalUnits: Set<String> = []
    /// The accounts of those organizations and units.
    var members: Set<String> = []
    /// When an instance was last started from it; nil where nobody ever did, or nobody knows yet.
    package var lastLaunch: Int64?

    /// While its files are being copied from an instance.
    var isCopying = false
    var unknownRequests = 0
    var pendingPolls = 0
    var availableAt: Int64 = 0
    var flickers = false
    /// Answers that said that it is available.
    var availablePolls = 0

    init(
        id: String,
        owner: String,
        region: String,
        name: String,
        rootDevice: String,
        devices: [Device],
        now: Int64
    ) {
        self.id = id
        self.owner = owner
        self.region = region
        self.name = name
        self.rootDevice = rootDevice
        self.devices = devices
        creationTime = now
    }

    func isReadable(by account: String) -> Bool {
        owner == account || isPublic || users.contains(account) || members.contains(account)
    }

    func isAvailable(now: Int64) -> Bool {
        pendingPolls == 0 && now >= availableAt && !isCopying && failure == nil
    }

    /// Whether it is known by now that it never becomes available.
    func hasFailed(now: Int64) -> Bool { failure != nil && pendingPolls == 0 && now >= availableAt }

    /// What the next answer says, where each counts.
    mutating func polledIsAvailable(now: Int64) -> Bool {
        if pendingPolls > 0 {
            pendingPolls -= 1
            return false
        }
        guard now >= availableAt, !isCopying, failure == nil else { return false }
        availablePolls += 1
        return !(flickers && availablePolls == 2)
    }
}
