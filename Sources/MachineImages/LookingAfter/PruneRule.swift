import AWS

/// Which AMIs may go, and why the others stay: decided from what is known, without asking anybody.
package struct PruneRule: Sendable, Hashable {
    /// So many newest AMIs of each image stay in each region.
    package var keep: Int
    /// Younger ones stay: seconds.
    package var age: Int64
    /// AMIs and identities that releases name, and the first digits of the newest release that does.
    package var named: [String: String]
    /// Seconds since 1970.
    package var now: Int64

    package init(keep: Int, age: Int64, named: [String: String], now: Int64) {
        self.keep = keep
        self.age = age
        self.named = named
        self.now = now
    }

    /// Why an AMI stays.
    package enum Reason: Sendable, Hashable {
        /// It is one of the newest of its image in its region, counted from 1.
        case newest(rank: Int)
        /// Seconds since it was registered; nil where the service does not say.
        case young(Int64?)
        /// The release's first digits.
        case released(String)
        case used(ImageUser)
        /// Users that could not be asked for.
        case unknownUsers([ImageUser.Source])
        /// The account has forbidden to deregister it.
        case protected
        /// It is only being made.
        case unfinished
    }

    package struct Verdict: Sendable, Hashable {
        package var image: OwnImage
        /// None where it may go.
        package var reasons: [Reason]

        package var goes: Bool { reasons.isEmpty }

        /// It stays for nothing else than that its users are not known.
        package var isRefused: Bool {
            guard reasons.count == 1, case .unknownUsers = reasons[0] else { return false }
            return true
        }
    }

    /// A verdict for each AMI, in their order; `all` are those of the region, among which the newest are found.
    package func verdicts(on images: [OwnImage], among all: [OwnImage], _ users: ImageUsers) -> [Verdict] {
        var ranks: [String: Int] = [:]
        var counts: [String: Int] = [:]
        // Nobody starts a machine from one that failed.
        for image in all.sorted(by: OwnImage.comesFirst) where image.state == .available {
            counts[image.image, default: 0] += 1
            ranks[image.ami] = counts[image.image]
        }
        return images.map { Verdict(image: $0, reasons: reasons($0, rank: ranks[$0.ami], users)) }
    }

    private func reasons(_ image: OwnImage, rank: Int?, _ users: ImageUsers) -> [Reason] {
        var reasons: [Reason] = users.of(image.ami).map { .used($0) }
        if let release = named[image.ami] ?? named[image.identity] { reasons.append(.released(release)) }
        if let rank, rank <= keep { reasons.append(.newest(rank: rank)) }
        let seconds = image.created.map { now - $0 }
        if seconds.map({ $0 < age }) ?? true { reasons.append(.young(seconds)) }
        if image.isProtected { reasons.append(.protected) }
        if image.state == .pending || image.state == .transient { reasons.append(.unfinished) }
        if !users.unknown.isEmpty { reasons.append(.unknownUsers(users.unknown.keys.sorted())) }
        return reasons
    }
}
