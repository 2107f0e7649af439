import AWS
import Disks
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import MachineImages

@Suite("Which leftovers may be removed") struct OrphanRuleTests {
    private static let now: Int64 = 100_000
    private static let young = "it is younger than 48 h, and may be in work"

    private func snapshot(
        _ id: String,
        of image: String = "base",
        _ status: EC2.Snapshot.State = .completed,
        age: Int64? = 200_000
    ) -> OrphanRule.OwnSnapshot {
        .init(
            id: id,
            name: "shop/\(image)/1/0",
            image: image,
            version: "1",
            started: age.map { Self.now - $0 },
            status: status
        )
    }

    private func image(_ ami: String, _ state: EC2.MachineImage.State, age: Int64 = 200_000) -> OwnImage {
        OwnImage(
            region: "eu-west-1",
            ami: ami,
            name: "shop/base/1/0",
            image: "base",
            version: "1",
            identity: "sha256:1",
            created: Self.now - age,
            state: state
        )
    }

    private func record(_ snapshot: String?, isComplete: Bool, parent: String? = nil, of image: String = "base")
        -> RegistrationRecord
    {
        RegistrationRecord(
            name: "shop/\(image)/1/0",
            project: "shop",
            image: image,
            token: snapshot ?? "none",
            started: 0,
            attempt: 0,
            parent: parent,
            snapshot: snapshot,
            isComplete: isComplete,
            map: BlockMap(size: 1 << 30, blocks: [])
        )
    }

    /// What stays and why, by id; nothing where it may go.
    private func reasons(
        _ images: [OwnImage] = [],
        _ snapshots: [OrphanRule.OwnSnapshot],
        used: Set<String> = [],
        _ records: [RegistrationRecord] = []
    ) -> [String: [String]] {
        let rule = OrphanRule(now: Self.now, kept: KeptSnapshots(records, project: "shop"))
        let found = rule.orphans(images, snapshots, used: used, in: "eu-west-1")
        return Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0.reasons) })
    }

    @Test func `snapshots that nobody completed, that failed, and that belong to no AMI`() {
        let found = reasons(
            [],
            [
                snapshot("snap-1", .pending), snapshot("snap-2", .error), snapshot("snap-3"), snapshot("snap-4"),
                snapshot("snap-5", .recoverable),
            ],
            used: ["snap-4"]
        )
        #expect(found == ["snap-1": [], "snap-2": [], "snap-3": []])
    }

    @Test func `young ones stay, and those whose age is not known`() {
        let found = reasons([
            snapshot("snap-1", age: 172_799), snapshot("snap-2", age: 172_800), snapshot("snap-3", age: nil),
        ])
        #expect(found == ["snap-1": [Self.young], "snap-2": [], "snap-3": ["nobody says how old it is"]])
    }

    @Test func `what registrations of the store go on with or build on stays`() {
        let records = [
            record("snap-5", isComplete: false, parent: "snap-4"), record("snap-3", isComplete: true),
            record("snap-2", isComplete: true), record("snap-1", isComplete: true, of: "other"),
        ]
        let found = reasons(
            [],
            [
                snapshot("snap-1", of: "other"), snapshot("snap-2"), snapshot("snap-3"), snapshot("snap-4"),
                snapshot("snap-5", .pending),
            ],
            records
        )
        let filling = "snap-5, a snapshot of the same image, is being filled and may lie over it"
        #expect(
            found == [
                "snap-1": ["the next version is sent over it"], "snap-2": [filling],
                "snap-3": ["the next version is sent over it", filling],
                "snap-4": ["a registration of this store goes on with it", filling],
                "snap-5": ["a registration of this store goes on with it"],
            ]
        )
    }

    @Test func `nobody goes on with a snapshot that failed`() {
        #expect(reasons([snapshot("snap-1", .error)], [record("snap-1", isComplete: false)]) == ["snap-1": []])
    }

    @Test func `a snapshot that is being filled elsewhere may lie over one of the same image`() {
        let found = reasons([
            snapshot("snap-1"), snapshot("snap-2", .pending, age: 60), snapshot("snap-3", of: "other"),
        ])
        #expect(found["snap-1"] == ["snap-2, a snapshot of the same image, is being filled and may lie over it"])
        #expect(found["snap-2"] == [Self.young] && found["snap-3"] == [])
    }

    @Test func `AMIs that failed, and one that is being registered`() {
        let found = reasons(
            [image("ami-1", .failed), image("ami-2", .pending), image("ami-3", .failed, age: 60)],
            [snapshot("snap-1")]
        )
        #expect(
            found == ["ami-1": [], "ami-3": [Self.young], "snap-1": ["ami-2, which is being made, may be of it"]]
        )
    }

    @Test func `machines that should have ended`() {
        func machine(_ id: String, deadline: Int64?) -> OrphanRule.Machine {
            .init(id: id, image: "base", identifier: "bake-\(id)", deadline: deadline, state: "running")
        }
        let rule = OrphanRule(now: Self.now, kept: KeptSnapshots([], project: "shop"))
        let machines = [
            machine("i-1", deadline: Self.now - 600), machine("i-2", deadline: Self.now - 599),
            machine("i-3", deadline: nil),
            machine("i-4", deadline: Self.now + 60),
        ]
        let found = rule.orphans(machines, bakes: ["bake-i-1", "bake-i-4"], in: "eu-west-1")
        #expect(
            found.map(\.reasons) == [
                [], ["it ends itself at 1970-01-02T03:36:41Z"], ["nobody says when it ends itself"],
                ["a bake of this store goes on with it", "it ends itself at 1970-01-02T03:47:40Z"],
            ]
        )
        #expect(found.allSatisfy { $0.kind == .instance && $0.state == "running" && $0.version == nil })
    }

    @Test func `objects of bakes that nobody goes on with`() {
        let rule = OrphanRule(now: Self.now, kept: KeptSnapshots([], project: "shop"))
        func orphan(age: Int64?, machines: [String] = [], deadline: Int64? = nil) -> Orphan {
            let record = deadline.map { deadline in
                InstanceBakeRecord(
                    name: "shop/base/1/0",
                    project: "shop",
                    image: "base",
                    plan: Digester.digest(of: ""),
                    identifier: "1",
                    bucket: "bakes",
                    started: 0,
                    deadline: deadline
                )
            }
            let newest = age.map { Self.now - $0 }
            let objects = BakeObjects(bucket: "bakes", project: "shop", identifier: "1", count: 2, newest: newest)
            return rule.orphan(objects, machines: machines, record, in: "eu-west-1")
        }
        let old = orphan(age: 172_800)
        #expect(
            old.goes && old.kind == .objects && old.id == "s3://bakes/ovenbird/bakes/shop/1/"
                && old.state == "2 objects"
        )
        #expect(old.image == "-" && old.since == Self.now - 172_800)
        #expect(orphan(age: 172_799).reasons == [Self.young])
        #expect(orphan(age: nil).reasons == ["nobody says how old it is"])
        #expect(
            orphan(age: 172_800, machines: ["i-2", "i-1"]).reasons == ["i-1 is its machine", "i-2 is its machine"]
        )
        let ours = orphan(age: 172_800, deadline: Self.now - 599)
        #expect(ours.reasons == ["a bake of this store goes on with it"] && ours.image == "base")
        #expect(orphan(age: 172_800, deadline: Self.now - 600).goes)
    }

    @Test func `what was begun for another version keeps nothing for ever`() async throws {
        let folder = try TemporaryFolder()
        let store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
        let journal = RegistrationJournal(store, account: "111122223333", region: "eu-west-1")
        let lock = try await journal.lock()
        defer { lock.release() }
        let begun = record("snap-2", isComplete: false, parent: "snap-1")
        let lost = record("snap-3", isComplete: true).lost
        let records = [record("snap-1", isComplete: true), begun, lost]
        for record in records { try journal.write(record) }
        func left(_ now: Int64, beside name: String = "shop/base/2/0") throws -> Set<String> {
            try journal.removeOld(records, beside: name, now: now)
            return Set(try journal.records().map(\.token))
        }
        #expect(try left(1 << 40, beside: begun.name) == ["snap-1", "snap-2", "snap-3"])
        #expect(try left(172_800) == ["snap-1", "snap-2", "snap-3"])
        #expect(try left(172_801) == ["snap-1", "snap-3"])
        #expect(try left(2_592_001) == ["snap-1"])
    }

    @Test func `a copy that takes its time is in work`() {
        let found = reasons([image("ami-1", .pending)], [snapshot("snap-1", .pending)])
        #expect(found == ["snap-1": ["ami-1, which is being made, may be of it"]])
    }

    private func reasons(_ snapshots: [OrphanRule.OwnSnapshot], _ records: [RegistrationRecord] = []) -> [String:
        [String]]
    {
        reasons([], snapshots, records)
    }
}
