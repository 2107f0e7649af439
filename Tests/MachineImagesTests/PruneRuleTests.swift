import AWS
import Testing

@testable import MachineImages

@Suite("Which AMIs may be pruned") struct PruneRuleTests {
    private static let day: Int64 = 86_400
    private static let now: Int64 = 1_000 * day

    private func image(
        _ ami: String,
        days: Int64? = 100,
        of name: String = "base",
        state: EC2.MachineImage.State = .available,
        identity: String = "sha256:1",
        isProtected: Bool = false
    ) -> OwnImage {
        OwnImage(
            region: "eu-west-1",
            ami: ami,
            name: "shop/\(name)/1/0",
            image: name,
            version: "1",
            identity: identity,
            created: days.map { Self.now - $0 * Self.day },
            state: state,
            isProtected: isProtected
        )
    }

    private func reasons(
        _ images: [OwnImage],
        keep: Int = 0,
        days: Int64 = 7,
        named: [String: String] = [:],
        _ users: ImageUsers = ImageUsers()
    ) -> [[PruneRule.Reason]] {
        PruneRule(keep: keep, age: days * Self.day, named: named, now: Self.now)
            .verdicts(on: images, among: images, users).map(\.reasons)
    }

    @Test func `what nothing speaks for goes`() {
        #expect(reasons([image("ami-1"), image("ami-2")]) == [[], []])
    }

    @Test func `the newest of each image stay, whatever their order`() {
        let images = [
            image("ami-1", days: 30), image("ami-2", days: 10), image("ami-3", days: 20),
            image("ami-4", days: 90, of: "other"),
        ]
        #expect(reasons(images, keep: 2) == [[], [.newest(rank: 1)], [.newest(rank: 2)], [.newest(rank: 1)]])
    }

    @Test func `one that failed is none of the newest`() {
        let images = [image("ami-1", days: 10, state: .failed), image("ami-2", days: 20)]
        #expect(reasons(images, keep: 1) == [[], [.newest(rank: 1)]])
    }

    @Test func `the newest are found among all, not among those that were asked for`() {
        let all = [image("ami-1", days: 20), image("ami-2", days: 10)]
        let rule = PruneRule(keep: 1, age: 0, named: [:], now: Self.now)
        #expect(rule.verdicts(on: [all[0]], among: all, ImageUsers())[0].goes)
    }

    @Test func `young ones stay, and those whose age is not known`() {
        #expect(
            reasons([image("ami-1", days: 6), image("ami-2", days: 7), image("ami-3", days: nil)])
                == [[.young(6 * Self.day)], [], [.young(nil)]]
        )
    }

    @Test func `what releases name stays, by its id or by its identity`() {
        let images = [image("ami-1"), image("ami-2", identity: "sha256:2"), image("ami-3")]
        let named = ["ami-1": "0a", "sha256:2": "0b"]
        #expect(reasons(images, named: named) == [[.released("0a")], [.released("0b")], []])
    }

    @Test func `what is used stays, for each of its users`() {
        var users = ImageUsers()
        let stack = ImageUser(.stacks, "stack 'shop', parameter 'BaseAmi'")
        let instance = ImageUser(.instances, "instance i-1")
        for user in [stack, instance, stack] { users.add(user, of: "ami-1") }
        #expect(reasons([image("ami-1"), image("ami-2")], users) == [[.used(instance), .used(stack)], []])
    }

    @Test func `what may be used stays, and is refused where nothing else keeps it`() {
        var users = ImageUsers()
        users.miss(.stacks, ImageUsers.Unknown(reason: "denied", fix: "allow it"))
        let images = [image("ami-1"), image("ami-2", days: 1)]
        let verdicts = PruneRule(keep: 0, age: Self.day * 7, named: [:], now: Self.now)
            .verdicts(on: images, among: images, users)
        #expect(verdicts.map(\.goes) == [false, false])
        #expect(verdicts.map(\.isRefused) == [true, false])
        #expect(verdicts[0].reasons == [.unknownUsers([.stacks])])
    }

    @Test func `protected ones stay, and those that are being registered`() {
        let images = [
            image("ami-1", isProtected: true), image("ami-2", state: .pending), image("ami-3", state: .disabled),
        ]
        #expect(reasons(images) == [[.protected], [.unfinished], []])
    }
}
