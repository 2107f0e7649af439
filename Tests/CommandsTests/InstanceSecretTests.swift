import FakeAWS
import SystemIO
import TestSupport
import Testing

@Suite("Secrets and instance bakes", .enabled(if: canBakeOnInstances, "needs root, busybox and namespaces"))
struct InstanceSecretTests {
    private static let secret = "HUSH-of-the-instance-tests"

    /// The Bakefile with a secret, which another image uses, or the machine itself.
    private func declare(_ test: InstanceKitchen, onMachine: Bool) throws {
        var bakefile = String(decoding: try Files.read(test.kitchen.work.file("Bakefile")), as: UTF8.self)
        bakefile = bakefile.replacing("images:\n", with: "secrets: { token: { env: TOKEN } }\nimages:\n")
        let step = "- run: { command: \"true\", secrets: [token] }"
        bakefile =
            onMachine
            ? bakefile.replacing("    steps:\n", with: "    steps:\n      \(step)\n")
            : bakefile + "\n  web:\n    kind: docker\n    from: { rootfs: base.tar }\n    steps:\n      \(step)\n"
        try test.kitchen.work.write(bakefile, to: "Bakefile")
    }

    private func environment(_ test: InstanceKitchen) -> [String: String] {
        test.aws.environment().merging(["TOKEN": Self.secret]) { _, new in new }
    }

    private func log(_ test: InstanceKitchen) throws -> String {
        let log = test.kitchen.work.file("calls")
        try test.aws.writeLog(to: log)
        return String(decoding: try Files.read(log), as: UTF8.self)
    }

    @Test func `a step that needs one is refused before anything is started`() async throws {
        let test = try await InstanceKitchen()
        try declare(test, onMachine: true)
        for arguments in [["check"], ["plan", "--online"], ["bake"], ["register"], ["register", "--dry-run"]] {
            let result = try await test.kitchen.ovenbird(arguments, environment: environment(test))
            #expect(result.status == 2)
            #expect(
                result.error.contains(
                    """
                    error: the secret 'token' cannot be used on a machine of EC2 [conflicting-keys]
                      why: it would pass through the bucket and Run Command, which may keep what they are given
                      fix: let the step read it where the machine's profile may, such as from Secrets Manager, or bake \
                    without 'builder:'
                    """
                ),
                "\(arguments): \(result.error)"
            )
            #expect(!result.text.contains(Self.secret) && !result.error.contains(Self.secret))
        }
        #expect(test.aws.calls.isEmpty)
    }

    @Test func `one of another image goes nowhere`() async throws {
        let test = try await InstanceKitchen()
        try declare(test, onMachine: false)
        let baked = try await test.kitchen.ovenbird(["bake"], environment: environment(test))
        try #require(baked.status == 0, "\(baked.error)")
        // Before anything is taken back, the bucket has all that the machine was sent and said.
        let held = test.aws.hold(before: "DeleteObject")
        let killed = try await test.kitchen.killed(
            ["register", "machine"],
            at: held,
            by: 9,
            environment: environment(test)
        )
        #expect(killed.status == 128 + 9)
        let keys = test.aws.keys(inBucket: "bakes")
        #expect(keys.count > 3)
        let objects = keys.map { String(decoding: test.aws.object($0, inBucket: "bakes") ?? [], as: UTF8.self) }
        // The search does find: a word of the steps is there.
        #expect(objects.contains { $0.contains("echo hello") })
        #expect(!objects.contains { $0.contains(Self.secret) })
        let result = try await test.kitchen.ovenbird(["register", "machine"], environment: environment(test))
        #expect(result.status == 0, "\(result.error)")
        let text = try log(test)
        #expect(text.contains("SendCommand") && !text.contains(Self.secret))
        #expect(!(result.text + result.error + killed.text + killed.error).contains(Self.secret))
    }
}
