import Bakefiles
import Baking
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("Steps for machines") struct MachineStepTests {
    private let harness: BakeHarness

    init() throws { harness = try BakeHarness() }

    private static let accounts: [Step.Action] = [
        .file(
            FileStep(
                path: "/etc/passwd",
                content:
                    "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\nbox:x:100:100::/nonexistent:/bin/false\n"
            )
        ),
        .directory(DirectoryStep(path: "/root", mode: 0o700)),
        .directory(DirectoryStep(path: "/home/ada", owner: Ownership(user: "1000", group: "1000"))),
    ]

    /// The lines about paths that have `part` in them.
    private func lines(_ part: String, _ steps: [Step.Action]) async throws -> [String] {
        let tree = try await harness.tree([BakeHarness.image("machine", Self.accounts + steps)])
        let found = tree.filter { $0.contains(part) }
        return found.isEmpty ? tree.filter { $0.contains("machine:") } : found
    }

    private func content(of path: String, _ steps: [Step.Action]) async throws -> String? {
        let (result, _) = try await harness.bake([BakeHarness.image("machine", Self.accounts + steps)])
        guard let image = result.images.last else { return nil }
        let root = try LayerCatalog(store: harness.store).root(of: image.layers)
        return try root.contents(of: path, limit: 1 << 20).map { String(decoding: $0, as: UTF8.self) }
    }

    private func keys(_ text: String, user: String = "ada") throws -> Step.Action {
        try AtomicFile.write(Array(text.utf8), to: harness.work.appending("a.pub"))
        return .sshKeys(SSHKeysStep(user: user, files: [InputPath(path: "a.pub")]))
    }

    @Test func `keys belong to their account, and to nobody else's eyes`() async throws {
        let step = try keys("# of Ada\nssh-ed25519 AAAA ada\r\n\n")
        #expect(
            try await lines(".ssh", [step]) == [
                "directory 0700 1000:1000 home/ada/.ssh", "regular 0600 1000:1000 home/ada/.ssh/authorized_keys",
            ]
        )
        #expect(try await content(of: "/home/ada/.ssh/authorized_keys", [step]) == "ssh-ed25519 AAAA ada\n")
    }

    @Test func `keys are added to those that there are, once`() async throws {
        let file = Step.Action.file(
            FileStep(path: "/root/.ssh/authorized_keys", content: "ssh-rsa BBBB old\n", mode: 0o600)
        )
        let step = try keys("ssh-ed25519 AAAA ada\nssh-rsa BBBB old\n", user: "root")
        #expect(
            try await content(of: "/root/.ssh/authorized_keys", [file, step, step])
                == "ssh-rsa BBBB old\nssh-ed25519 AAAA ada\n"
        )
    }

    @Test func `keys are refused that are none, or nobody's`() async throws {
        let secret = try keys("-----BEGIN OPENSSH PRIVATE KEY-----\nxxxx\n")
        #expect(
            try await lines("machine:", [secret]).last?.contains("'a.pub' holds what is no public key of SSH") == true
        )
        let empty = try keys("\n# nothing\n")
        #expect(try await lines("machine:", [empty]).last?.contains("'a.pub' holds no public key of SSH") == true)
        let stranger = try keys("ssh-rsa B\n", user: "bob")
        #expect(try await lines("machine:", [stranger]).last?.contains("the image has no user 'bob'") == true)
        let homeless = try keys("ssh-rsa B\n", user: "box")
        #expect(
            try await lines("machine:", [homeless]).last?
                .contains("the user 'box' has no home folder '/nonexistent' in the image") == true
        )
    }

    @Test func `cloud-init gets a file of its own`() async throws {
        let program = Step.Action.file(FileStep(path: "/usr/bin/cloud-init", content: "", mode: 0o755))
        let step = Step.Action.cloudInit(CloudInitStep(name: "80_site", settings: "\"ssh_pwauth\": false\n"))
        #expect(try await lines("80_site", [program, step]) == ["regular 0644 0:0 etc/cloud/cloud.cfg.d/80_site.cfg"])
        #expect(try await lines("machine:", [step]).last?.contains("the image has no cloud-init") == true)
        #expect(
            try await lines("machine:", [program, step, step]).last?
                .contains("the image has '/etc/cloud/cloud.cfg.d/80_site.cfg' already") == true
        )
    }

    @Test func `the kernel's arguments and modules are those of all steps`() async throws {
        let steps: [Step.Action] = [
            .kernel(KernelStep(arguments: ["quiet"], modules: ["tls"])),
            .kernel(KernelStep(arguments: ["net.ifnames=0"], modules: ["tls", "br_netfilter"])),
        ]
        #expect(try await content(of: "/etc/kernel/cmdline", steps) == "quiet net.ifnames=0\n")
        let long = Step.Action.kernel(KernelStep(arguments: [String(repeating: "a", count: 1025)]))
        #expect(
            try await lines("machine:", [long]).last?
                .contains("the kernel's arguments have 1025 bytes in all, and 1024 is the most") == true
        )
        #expect(try await content(of: "/etc/modules-load.d/ovenbird.conf", steps) == "tls\nbr_netfilter\n")
    }
}
