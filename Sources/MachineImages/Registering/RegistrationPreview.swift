package import AWS
import Bakefiles
package import Disks
import SystemIO

/// What `register` would do with one image in one region.
package struct RegistrationPreview: Sendable, Hashable {
    package var region: String
    /// The AMI that is there already.
    package var ami: String?
    /// Whose blocks would not have to be sent.
    package var parent: String?
    /// So many blocks of the parent would be read at most, to know which of them need not be sent; nil where the store knows
    /// what is in it.
    package var readBlocks: Int?
    /// The region whose AMI would be copied.
    package var copiedFrom: String?
    /// What the image would be baked on.
    package var machine: Machine?
    /// Calls that would change something, in order, and how many of each: `ebs:PutSnapshotBlock`.
    package var calls: [Call] = []
    /// What EC2 says of whether they are allowed, as far as it can be asked before there is anything.
    package var permissions: [String: EC2.Permission] = [:]

    package struct Machine: Sendable, Hashable {
        /// The AMI that it is started from.
        package var source: String
        /// In words, in the order in which they are tried.
        package var types: [String]
        /// It lives no longer.
        package var seconds: Int64
        /// The one that a run left, and that the next one goes on with.
        package var instance: String?
        /// The one that bakes it already for somebody with another store, and whose AMI would be waited for.
        package var other: String?
    }

    package struct Call: Sendable, Hashable {
        package var operation: String
        package var count: Int
    }

    /// Blocks of 512 KiB that would be sent; where the parent has to be read first, at most so many.
    package var blocks: Int { calls.first { $0.operation == "ebs:PutSnapshotBlock" }?.count ?? 0 }

    /// What reading and writing blocks would cost, where a region has the price of most: US dollars.
    ///
    /// Source: Amazon EBS User Guide, "Pricing for EBS direct APIs": $0.006 for 1000 blocks written, and half of it for 1000
    /// read.
    package var price: Double { Double(blocks) * 0.000_006 + Double(readBlocks ?? 0) * 0.000_003 }
}

extension ImageRegistration {
    /// What would be done in a region that has the AMI, where `placed` is it, or not yet; nothing is changed.
    ///
    /// `boot` and `map` are of the disk, and needed where the region lacks the AMI and does not copy it.
    package func preview(
        _ placed: PlacedImage?,
        in region: PreparedRegion,
        _ boot: MachineBootMode? = nil,
        map: BlockMap? = nil
    ) async throws -> RegistrationPreview {
        var preview = RegistrationPreview(region: region.name)
        if let placed {
            preview.ami = placed.ami
            preview.calls = try await lacking(placed).calls.map { .init(operation: $0, count: 1) }
            return preview
        }
        if isCopied(in: region.name) {
            preview.copiedFrom = settings.copyFrom
            preview.calls = [.init(operation: "ec2:CopyImage", count: 1)]
        } else if let map, let boot {
            let journal = RegistrationJournal(store, account: account, region: region.name)
            let records = try await BlockingPool.shared.run { try journal.records() }
            let parent = try await parent(of: map, among: records, in: region)
            preview.parent = parent?.id
            var blocks = map.blocks.count
            switch parent?.blocks {
            case .held(let known): blocks = map.blocks(over: known).count
            case .listed(let stored):
                preview.readBlocks = stored.count
                blocks = Set(map.blocks.map(\.index)).union(stored.map(\.index)).count
            case nil: break
            }
            preview.calls = [
                .init(operation: "ebs:StartSnapshot", count: 1),
                .init(operation: "ebs:PutSnapshotBlock", count: blocks),
                .init(operation: "ebs:CompleteSnapshot", count: 1), .init(operation: "ec2:RegisterImage", count: 1),
            ]
            preview.permissions["ec2:RegisterImage"] = try await EC2(session, region: region.name).mayRegister(
                registration(of: parent?.id ?? "snap-00000000000000000", boot, size: map.volumeSize)
            )
        }
        preview.calls += allHandOuts.calls.map { .init(operation: $0, count: 1) }
        return preview
    }

    /// Whether a region gets the AMI of another one, and no blocks.
    package func isCopied(in region: String) -> Bool { settings.copyFrom.map { $0 != region } ?? false }

    /// What is done with an AMI that is new.
    var allHandOuts: LackingHandOut {
        LackingHandOut(
            volumes: settings.share.filter { !$0.contains(":") },
            machines: settings.share,
            deprecation: settings.deprecateAfter,
            isAddedToTemplate: settings.launchTemplate != nil,
            defaultVersion: settings.launchTemplate?.isDefault == true ? .some(nil) : nil,
            parameter: settings.parameter
        )
    }
}
