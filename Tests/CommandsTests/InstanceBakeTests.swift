import FakeAWS
import Glibc
import OCI
import SystemIO
import TestSupport
import Testing

@Suite("Baking on instances", .enabled(if: canBakeOnInstances, "needs root, busybox and namespaces"))
struct InstanceBakeTests {
    @Test func `the AMI has the files of the layers, and nothing else is left`() async throws {
        let test = try await InstanceKitchen()
        let result = try await test.register()
        try #require(result.status == 0, "\(result.error)")
        let image = try #require(test.aws.images("eu-west-1").first { $0.owner == "111122223333" })
        #expect(try await test.differences(of: image.id) == "")
        try test.expectNothingLeft()
        // What steps say is told, line by line.
        #expect(result.error.contains("\nhello\n"))
        #expect(result.error.contains("\novenbird: machine:run-1: applied\n"))
        let identity = try test.kitchen.identity(of: "machine").identity
        #expect(image.tags["ovenbird:identity"] == identity && image.tags["ovenbird:source"] == test.source)
        let snapshot = try #require(image.devices.first?.snapshot.flatMap { test.aws.snapshot($0) })
        #expect(snapshot.tags["ovenbird:identity"] == identity)
        let placement = try test.kitchen.release()["images"]?["machine"]?["placements"]?.arrayValue?.first
        #expect(placement?["ami"]?.stringValue == image.id && placement?["snapshot"]?.stringValue == snapshot.id)
        // The machine could be reached by nobody, and would have ended without us.
        let instance = try #require(test.aws.instances("eu-west-1").first)
        #expect(instance.endsOnShutdown && instance.metadataOptions["HttpTokens"] == "required")
        #expect(instance.userData == "IyEvYmluL3NoCnNodXRkb3duIC1oICsxMjAK")
        try await test.aws.expectValidCalls()
        // Nothing is done twice.
        let changes = test.aws.lines(onlyChanges: true).count
        #expect(try await test.registered()["eu-west-1"]?["unchanged"] == true)
        #expect(test.aws.lines(onlyChanges: true).count == changes)
    }

    /// At the first of each kind of call that changes something; with OVENBIRD_TEST_EVERY_CALL at every call, those that
    /// look too, which takes many minutes.
    @Test func `whenever it is killed, the next run finishes, and nothing is doubled or left`() async throws {
        let every = getenv("OVENBIRD_TEST_EVERY_CALL") != nil
        let whole = try await InstanceKitchen()
        try await whole.registered()
        let calls = whole.aws.lines(onlyChanges: !every)
        #expect(calls.count > 10)
        let chosen = calls.indices.filter { every || !calls[..<$0].contains(calls[$0]) }
        let cases = chosen.flatMap { [($0, true), ($0, false)] }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (started, (index, isBefore)) in cases.enumerated() {
                if started >= 4 { try await group.next() }
                group.addTask {
                    try await killed(at: index + 1, onlyChanges: !every, calls[index], isBefore)
                }
            }
            try await group.waitForAll()
        }
    }

    private func killed(at number: Int, onlyChanges: Bool, _ call: String, _ isBefore: Bool) async throws {
        let comment: Comment = "killed \(isBefore ? "before" : "after") \(call), call \(number)"
        let test = try await InstanceKitchen()
        let held =
            isBefore
            ? test.aws.hold(onlyChanges: onlyChanges, nth: number)
            : test.aws.hold(after: nil, onlyChanges: onlyChanges, nth: number)
        #expect(try await test.killed(at: held).status == 128 + 9, comment)
        let result = try await test.register()
        #expect(result.status == 0, "\(comment): \(result.error)")
        try test.expectNothingLeft(comment)
        let images = test.aws.images("eu-west-1")
        #expect(images.count == 1 && test.aws.instances("eu-west-1").count == 1, comment)
        if let image = images.first { #expect(try await test.differences(of: image.id) == "", comment) }
    }
}
