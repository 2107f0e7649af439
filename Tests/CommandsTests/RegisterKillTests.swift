import FakeAWS
import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("Registering AMIs, killed at every call") struct RegisterKillTests {
    /// What an account has in the end, whatever its things are called.
    private func state(_ aws: FakeAWS, _ regions: [String]) -> [String] {
        regions.flatMap { region in
            aws.snapshots(region).map { "\(region) snapshot \($0.state) \($0.tags.sorted(by: <)) \($0.users.sorted())" }
                + aws.images(region).map { image in
                    "\(region) image \(image.name) \(image.tags.filter { $0.key != "ovenbird:release" }.sorted(by: <)) "
                        + "\(image.users.sorted()) \(image.deprecation != nil)"
                }
        }.sorted()
    }

    /// Registering, copying, sharing and deprecating: before and after each call that changes something, and before the first
    /// of each kind that looks; with OVENBIRD_TEST_EVERY_CALL before and after every call.
    @Test func `wherever it is killed, the next run ends as if nothing had been`() async throws {
        let every = getenv("OVENBIRD_TEST_EVERY_CALL") != nil
        let regions = ["eu-west-1", "us-east-1"]
        var test = try await RegisterKitchen(
            regions: regions,
            share: ["444455556666"],
            also: "copy-from: eu-west-1, deprecate-after: 30d"
        )
        try await test.registered()
        let wanted = state(test.aws, regions)
        #expect(wanted.count == 4)
        let calls = numbered(test.aws)
        let blocks = calls.count { $0.operation == "PutSnapshotBlock" }
        for call in calls where every || call.changes || call.number == 1 {
            if call.operation == "PutSnapshotBlock", !every, ![1, blocks / 2, blocks].contains(call.number) {
                continue
            }
            for isAfter in every || call.changes ? [false, true] : [false] {
                try await test.startAnew()
                let place = try await registerTwice(test, killed: call, isAfter: isAfter)
                #expect(state(test.aws, regions) == wanted, place)
            }
        }
        #expect(try Files.names(in: test.kitchen.store.appending("ovenbird/tmp")).isEmpty)
    }

    private struct NumberedCall {
        let operation: String
        /// Among those of its kind, from 1 on.
        let number: Int
        let changes: Bool
    }

    private func numbered(_ aws: FakeAWS) -> [NumberedCall] {
        var seen: [String: Int] = [:]
        return aws.calls.map { call in
            seen[call.operation, default: 0] += 1
            return NumberedCall(
                operation: call.operation,
                number: seen[call.operation, default: 0],
                changes: call.changes
            )
        }
    }

    /// Registers, killed at a call, and registers again; what says where that was.
    private func registerTwice(
        _ test: RegisterKitchen,
        killed call: NumberedCall,
        isAfter: Bool
    ) async throws -> Comment {
        let held =
            isAfter
            ? test.aws.hold(after: call.operation, nth: call.number)
            : test.aws.hold(before: call.operation, nth: call.number)
        #expect(try await test.killed(at: held).status == 128 + 9)
        try await test.registered()
        return "killed \(isAfter ? "after" : "before") call \(call.number) of \(call.operation)"
    }

    /// The next run has to find what each region lacks: one version of the launch template, and one of the parameter.
    ///
    /// Behind the calls of the region that comes to them last, of a few kinds; with OVENBIRD_TEST_EVERY_CALL before and after
    /// every call.
    @Test func `in two regions, one with a key, nothing that is handed out is doubled`() async throws {
        let every = getenv("OVENBIRD_TEST_EVERY_CALL") != nil
        let kinds: Set = ["RegisterImage", "CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "PutParameter"]
        var test = try await RegisterKitchen(
            regions: Self.twoRegions,
            also: "keys: { eu-west-1: alias/images }, launch-template: { name: shop, default: true }, "
                + "parameter: /shop/base, deprecate-after: 30d"
        )
        try await test.startAnew(Self.prepare)
        try await test.registered()
        try expectHandedOutOnce(test, "undisturbed")
        let calls = numbered(test.aws)
        #expect(kinds.allSatisfy { kind in calls.count { $0.operation == kind } == 2 })
        for call in calls where every || (kinds.contains(call.operation) && call.number == 2) {
            for isAfter in !every ? [true] : call.changes ? [false, true] : [false] {
                try await test.startAnew(Self.prepare)
                try expectHandedOutOnce(test, try await registerTwice(test, killed: call, isAfter: isAfter))
            }
        }
        try await test.aws.expectValidCalls()
    }

    private static let twoRegions = ["eu-west-1", "us-east-1"]
    private static let key = Key("11111111-2222-3333-4444-555555555555", aliases: ["alias/images"])

    /// A key in one region, and in both a launch template and a parameter that have an older AMI.
    private static func prepare(_ aws: FakeAWS) {
        aws.setKey(key)
        for region in twoRegions {
            let old = aws.addImage(name: "old", region: region)
            aws.addLaunchTemplate("shop", image: old, region: region)
            aws.setParameter("/shop/base", to: old, region: region)
        }
    }

    private func expectHandedOutOnce(_ test: RegisterKitchen, _ place: Comment) throws {
        for region in Self.twoRegions {
            let all = test.aws.images(region)
            let old = try #require(all.first { $0.name == "old" }?.id, place)
            let made = all.filter { $0.id != old }
            #expect(made.count == 1 && made.first?.deprecation != nil, place)
            let snapshots = test.aws.snapshots(region).filter { !$0.tags.isEmpty }
            #expect(snapshots.map(\.id) == made.compactMap { $0.devices.first?.snapshot }, place)
            #expect(snapshots.map(\.state) == [.completed], place)
            #expect(snapshots.map(\.key) == [region == "eu-west-1" ? Self.key.arn : nil], place)
            let images = [old] + made.map(\.id)
            let template = try #require(test.aws.launchTemplates(region).first, place)
            #expect(template.versions.compactMap(\.image) == images && template.defaultVersion == 2, place)
            #expect(test.aws.parameters(region).first?.versions.map(\.value) == images, place)
            let folder = test.kitchen.store.appending("ovenbird/registrations/111122223333/\(region)")
            let notes = try Files.names(in: folder).map(\.string)
            #expect(notes.filter { $0.hasSuffix(".json") }.count == 1, place)
            #expect(!notes.contains { $0.hasSuffix(".arrived") }, place)
        }
        #expect(try Files.names(in: test.kitchen.store.appending("ovenbird/tmp")).isEmpty, place)
    }
}
