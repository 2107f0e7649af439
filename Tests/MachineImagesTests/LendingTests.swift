import Bakefiles
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import MachineImages

/// What a `run` step is lent on a builder machine goes back, and nothing that is the machine's own goes with it.
@Suite(.enabled(if: isRootWithTools)) struct LendingTests {
    private let workshop: MachineWorkshop

    init() throws { workshop = try MachineWorkshop() }

    /// A machine with a cache of its own, and two secrets as files.
    private func prepare(_ step: RunStep, _ more: String = ":") async throws {
        try await workshop.makeBase()
        try await workshop.shell(
            """
            cp -a base machine
            mkdir -p machine/var/cache/apt applied/run
            echo own >machine/var/cache/apt/pkgcache
            echo hunter2 >token
            cd machine
            \(more)
            """
        )
        var script = ApplyScript.begin(step: "base:run-1", title: "run", carries: [])
        ApplyScript.run(step, timestamp: 0, in: &script)
        try workshop.temporary.write(script.bytes, to: "applied/run/apply.sh")
    }

    private func apply() async throws -> ToolResult {
        let token = workshop.temporary.file("token").string
        return try await workshop.apply(
            "run",
            environment: ["OVENBIRD_SECRET_A": token, "OVENBIRD_SECRET_B": token]
        )
    }

    private func secret(_ name: String, _ path: String) -> RunStep.SecretUse { .init(name: name, target: .file(path)) }

    private func expectUnchanged(_ step: RunStep, _ preparation: String, _ message: String) async throws {
        try await prepare(step, preparation)
        let before = try await workshop.listing("machine", withTimes: true)
        let result = try await apply()
        #expect(result.status == 1)
        #expect(result.error == "ovenbird: base:run-1: \(message); nothing was changed\n")
        #expect(try await workshop.listing("machine", withTimes: true) == before)
    }

    @Test func `a secret's file that exists already costs no cache its content`() async throws {
        try await expectUnchanged(
            RunStep(
                command: .shell("true"),
                secrets: [secret("a", "/etc/token")],
                caches: [.init(id: "apt", target: "/var/cache/apt")]
            ),
            "echo mine >etc/token",
            "'/etc/token' exists already, where a secret should be lent"
        )
    }

    @Test func `a second secret's file that exists already is not taken for a lent one`() async throws {
        try await expectUnchanged(
            RunStep(command: .shell("true"), secrets: [secret("a", "/etc/a"), secret("b", "/etc/b")]),
            "echo mine >etc/b",
            "'/etc/b' exists already, where a secret should be lent"
        )
    }

    @Test func `a symlink where a cache should be stays`() async throws {
        try await expectUnchanged(
            RunStep(command: .shell("true"), caches: [.init(id: "x", target: "/srv/cache")]),
            "ln -s ../var/cache srv/cache",
            "'/srv/cache' is not a folder, where a cache should be lent"
        )
    }

    @Test func `what a killed run left is not buried`() async throws {
        try await expectUnchanged(
            RunStep(command: .shell("true"), caches: [.init(id: "apt", target: "/var/cache/apt")]),
            "mv var/cache/apt var/cache/apt.ovenbird-kept; mkdir var/cache/apt",
            "'/var/cache/apt.ovenbird-kept' is left of a run that was killed: move it back to '/var/cache/apt'"
        )
    }

    @Test func `a loan that lies in another, and folders that are needed by something else`() async throws {
        try await prepare(
            RunStep(
                command: .shell(
                    "test ! -e /var/cache/apt/pkgcache; test -d /var/cache/apt/deep/er; cat /var/cache/apt/token; "
                        + "echo kept >/root/.npm/x; echo gone >/root/.npm/_cacache/y"
                ),
                secrets: [secret("a", "/var/cache/apt/token")],
                caches: [
                    .init(id: "deep", target: "/var/cache/apt/deep/er"), .init(id: "apt", target: "/var/cache/apt"),
                    .init(id: "npm", target: "/root/.npm/_cacache"),
                ]
            )
        )
        let result = try await apply()
        #expect(result.status == 0, "\(result.error)")
        #expect(result.error == "ovenbird: base:run-1: applied\n")
        #expect(
            try await workshop.shell("ls machine/var/cache/apt machine/var/cache") == """
                machine/var/cache:
                apt

                machine/var/cache/apt:
                pkgcache

                """
        )
        #expect(try await workshop.shell("ls -A machine/root/.npm") == "x\n")
    }

    @Test func `the folder of the script's own goes too, though the step needed a lent folder`() async throws {
        try await prepare(
            RunStep(
                command: .shell("echo kept >/root/.npm/x"),
                caches: [.init(id: "npm", target: "/root/.npm/_cacache")]
            )
        )
        try workshop.temporary.makeFolder("scratch")
        let result = try await workshop.apply("run", environment: ["TMPDIR": workshop.temporary.file("scratch").string])
        #expect(result.status == 0, "\(result.error)")
        #expect(try Files.names(in: workshop.temporary.file("scratch")) == [])
        #expect(try await workshop.shell("ls -A machine/root/.npm") == "x\n")
    }

    @Test func `the machine's own cache comes back after a failure`() async throws {
        try await prepare(
            RunStep(
                command: .shell("echo mine >/var/cache/apt/pkgcache; exit 3"),
                secrets: [secret("a", "/run/secrets/a")],
                caches: [.init(id: "apt", target: "/var/cache/apt")]
            )
        )
        let before = try await workshop.listing("machine", withTimes: false)
        let result = try await apply()
        #expect(result.status == 1)
        #expect(result.error == "ovenbird: base:run-1: the command ended with exit status 3\n")
        #expect(try await workshop.listing("machine", withTimes: false) == before)
    }

    @Test func `what cannot be taken back is told, and the rest goes back all the same`() async throws {
        try await prepare(
            RunStep(
                command: .shell("mkdir /srv/token.d; rm /srv/token; mv /srv/token.d /srv/token"),
                secrets: [secret("a", "/srv/token")],
                caches: [.init(id: "apt", target: "/var/cache/apt")]
            )
        )
        let result = try await apply()
        #expect(result.status == 1)
        #expect(result.error.hasSuffix("ovenbird: base:run-1: cannot take back the secret '/srv/token'\n"))
        #expect(try await workshop.shell("cat machine/var/cache/apt/pkgcache") == "own\n")
    }

    @Test func `targets below symlinks are where the bake has them`() async throws {
        try await workshop.makeBase()
        let image = try await workshop.bake([
            .run(
                RunStep(
                    command: .shell("test -f /srv/token; echo x >/usr/lib/cache/x; echo y >/srv/y"),
                    secrets: [.init(name: "token", target: .file("/var/www/token"))],
                    caches: [.init(id: "c", target: "/lib/cache")]
                )
            )
        ])
        try await workshop.unpack(image)
        let name = try #require(try await workshop.exportBundles(image).first)
        let token = try workshop.temporary.write("hunter2\n", to: "token").string
        let result = try await workshop.apply(name, environment: ["OVENBIRD_SECRET_TOKEN": token])
        #expect(result.status == 0, "\(result.error)")
        let machine = try await workshop.listing("machine", withTimes: false)
        #expect(machine == (try await workshop.listing("wanted", withTimes: false)))
    }
}
