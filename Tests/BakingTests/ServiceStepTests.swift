import Bakefiles
import Baking
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("Units that a step enables, disables and masks") struct ServiceStepTests {
    private let harness: BakeHarness

    init() throws { harness = try BakeHarness() }

    private static let units = [
        "web.service": """
        # A comment
        [Unit]
        WantedBy=nobody.target
        [Install]
        WantedBy=multi-user.target \\
          graphical.target
        RequiredBy=other.service
        Alias=www.service web.service
        Also=web.socket helper.service
        """,
        "web.socket": "[Install]\nWantedBy=wrong.target\nWantedBy=\nWantedBy = sockets.target\n",
        "helper.service": "[Service]\nExecStart=/bin/true\n",
        "getty@.service": "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n",
        "dev@.service": "[Install]\nWantedBy=%i.device %p.target\n",
        "plain@.service": "[Install]\nWantedBy=multi-user.target\n",
        "host.service": "[Install]\nWantedBy=%H.target\n",
        "static.service": "[Service]\nExecStart=/bin/true\n",
    ]

    /// The steps that make the root of the units, and the given ones.
    private func image(_ steps: [ServiceStep], more: [Step.Action] = []) -> Image {
        let files = Self.units.sorted { $0.key < $1.key }
            .map { Step.Action.file(FileStep(path: "/usr/lib/systemd/system/\($0.key)", content: $0.value)) }
        let folders: [Step.Action] = [
            .directory(DirectoryStep(path: "/usr/lib/systemd/system")),
            .symlink(SymlinkStep(path: "/lib", target: "usr/lib")),
            .directory(DirectoryStep(path: "/etc/systemd/system")),
        ]
        return BakeHarness.image("machine", folders + files + more + steps.map { .service($0) })
    }

    /// The symlinks that there are below `/etc/systemd/system`: path and target.
    private func links(_ steps: [ServiceStep], more: [Step.Action] = []) async throws -> [String] {
        let tree = try await harness.tree([image(steps, more: more)])
        let prefix = "symlink 0777 0:0 etc/systemd/system/"
        let links = tree.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        return links.isEmpty ? tree.filter { $0.contains("service-") } : links
    }

    /// The same by systemd's own program.
    private func judged(_ calls: [[String]]) async throws -> [String] {
        let root = try harness.temporary.makeFolder("judge")
        for folder in [
            "etc", "etc/systemd", "etc/systemd/system", "usr", "usr/lib", "usr/lib/systemd", "usr/lib/systemd/system",
        ] {
            try Files.makeFolder(root.appending(folder), mode: 0o755)
        }
        for (name, text) in Self.units {
            try harness.temporary.write(text, to: "judge/usr/lib/systemd/system/\(name)")
        }
        for call in calls { try await requireTool("systemctl", ["--root", root.string, "--quiet"] + call) }
        let found = try await requireTool(
            "find",
            [root.appending("etc/systemd/system").string, "-type", "l", "-printf", "%P -> %l\n"]
        )
        return found.split(separator: "\n").map { String($0).replacing(root.string, with: "") }.sorted()
    }

    @Test func `are those of systemctl`() async throws {
        let wanted = try await judged([
            ["enable", "web.service", "getty@.service", "getty@ttyS0.service", "dev@sda.service"],
            ["mask", "static.service"],
            ["disable", "getty@tty1.service"],
        ])
        let found = try await links([
            ServiceStep(.enable, ["web.service", "getty@.service", "getty@ttyS0.service", "dev@sda.service"]),
            ServiceStep(.disable, ["getty@tty1.service"]), ServiceStep(.mask, ["static.service"]),
        ])
        #expect(wanted.count == 9)
        #expect(found == wanted)
    }

    @Test func `are gone with all that enabling made`() async throws {
        let enabled = ServiceStep(.enable, ["web.service", "getty@a.service", "getty@b.service"])
        #expect(try await judged([["enable"] + enabled.units, ["disable", "web.service", "getty@.service"]]) == [])
        let tree = try await harness.tree([image([enabled, ServiceStep(.disable, ["web.service", "getty@.service"])])])
        #expect(tree.contains("directory 0755 0:0 etc/systemd/system/multi-user.target.wants"))
        #expect(!tree.contains { $0.contains("etc/systemd/system") && $0.hasPrefix("symlink") })
    }

    @Test func `are left as they are where nothing is to do`() async throws {
        let step = ServiceStep(.enable, ["getty@.service"])
        let once = try await links([step])
        #expect(once == ["getty.target.wants/getty@tty1.service -> /usr/lib/systemd/system/getty@.service"])
        #expect(try await links([step, step]) == once)
        // Made by the program of an older system, which has another name for the folder.
        let old = SymlinkStep(
            path: "/etc/systemd/system/getty.target.wants/getty@tty1.service",
            target: "/lib/systemd/system/getty@.service"
        )
        #expect(
            try await links([step], more: [.symlink(old)]).first?.hasSuffix("-> /lib/systemd/system/getty@.service")
                == true
        )
    }

    @Test func `are refused with what is wrong about them`() async throws {
        func failure(_ step: ServiceStep, more: [Step.Action] = []) async throws -> String {
            try await harness.bake([image([step], more: more)]).ended.last ?? ""
        }
        #expect(
            try await failure(ServiceStep(.enable, ["nothing.service"])) == """
                machine:service-1 the image has no unit 'nothing.service'
                  fix: install its package in an earlier step
                """
        )
        let script = FileStep(path: "/etc/init.d/old", content: "")
        #expect(
            try await failure(ServiceStep(.enable, ["old.service"]), more: [.file(script)]) == """
                machine:service-1 the image has no unit 'old.service'
                  fix: it has '/etc/init.d/old': enable it with run: systemctl enable old.service
                """
        )
        #expect(
            try await failure(ServiceStep(.enable, ["static.service"]))
                == "machine:service-1 the unit 'static.service' does not say what it is wanted by, so that it cannot be enabled"
        )
        // Also behind another one.
        #expect(
            try await failure(ServiceStep(.enable, ["web.service", "static.service"])).hasSuffix("cannot be enabled")
        )
        #expect(
            try await failure(ServiceStep(.enable, ["plain@.service"])) == """
                machine:service-1 'plain@.service' is a template
                  fix: name an instance of it, as in 'NAME@INSTANCE.service'
                """
        )
        #expect(
            try await failure(ServiceStep(.enable, ["host.service"])) == """
                machine:service-1 the unit 'host.service' is enabled by '%H.target', which is known on the machine alone
                  fix: enable it with run: systemctl enable host.service
                """
        )
        let mask = SymlinkStep(path: "/etc/systemd/system/web.service", target: "/dev/null")
        #expect(
            try await failure(ServiceStep(.enable, ["web.service"]), more: [.symlink(mask)]) == """
                machine:service-1 the unit 'web.service' is masked
                  fix: delete '/etc/systemd/system/web.service' first
                """
        )
        let alias = SymlinkStep(path: "/etc/systemd/system/www.service", target: "/lib/systemd/system/web.service")
        #expect(
            try await failure(ServiceStep(.disable, ["www.service"]), more: [.symlink(alias)]) == """
                machine:service-1 the unit 'www.service' is another name of 'web.service'
                  fix: write 'web.service'
                """
        )
        let own = FileStep(path: "/etc/systemd/system/web.service", content: "")
        #expect(
            try await failure(ServiceStep(.mask, ["web.service"]), more: [.file(own)]) == """
                machine:service-1 the image has '/etc/systemd/system/web.service' itself, so that it cannot be masked
                  fix: delete it first
                """
        )
        let taken = FileStep(path: "/etc/systemd/system/getty.target.wants/getty@tty1.service", content: "")
        #expect(
            try await failure(ServiceStep(.enable, ["getty@.service"]), more: [.file(taken)]).contains(
                "already, which is no symlink to '/usr/lib/systemd/system/getty@.service'"
            )
        )
    }
}
