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
        var seen: [String: Int] = [:]
        let calls = test.aws.calls.map { call in
            seen[call.operation, default: 0] += 1
            return (operation: call.operation, number: seen[call.operation] ?? 0, changes: call.changes)
        }
        let blocks = seen["PutSnapshotBlock"] ?? 0
        for call in calls where every || call.changes || call.number == 1 {
            if call.operation == "PutSnapshotBlock", !every, ![1, blocks / 2, blocks].contains(call.number) {
                continue
            }
            for isAfter in every || call.changes ? [false, true] : [false] {
                try await test.startAnew()
                let held =
                    isAfter
                    ? test.aws.hold(after: call.operation, nth: call.number)
                    : test.aws.hold(before: call.operation, nth: call.number)
                #expect(try await test.killed(at: held).status == 128 + 9)
                try await test.registered()
                let place = "killed \(isAfter ? "after" : "before") call \(call.number) of \(call.operation)"
                #expect(state(test.aws, regions) == wanted, "\(place)")
            }
        }
        #expect(try Files.names(in: test.kitchen.store.appending("ovenbird/tmp")).isEmpty)
    }
}
