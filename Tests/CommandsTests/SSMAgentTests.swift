import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// `ssm-agent:` a package that is held against its SHA-256, installed, enabled and tested for.
@Suite("The agent of Systems Manager") struct SSMAgentTests {
    /// A package of the agent's name, with its unit where `hasUnit`.
    private func agent(in kitchen: Kitchen, hasUnit: Bool = true) async throws -> String {
        let tree = try TemporaryFolder()
        try tree.write(
            "Package: amazon-ssm-agent\nVersion: 3.3\nArchitecture: all\nMaintainer: Test <test@example.com>\n"
                + "Description: agent\n",
            to: "DEBIAN/control"
        )
        try tree.write("agent\n", to: "usr/bin/amazon-ssm-agent", mode: 0o755)
        if hasUnit {
            try tree.write(
                "[Service]\nExecStart=/usr/bin/amazon-ssm-agent\n[Install]\nWantedBy=multi-user.target\n",
                to: "lib/systemd/system/amazon-ssm-agent.service"
            )
        }
        let file = kitchen.work.file("agent.deb")
        try await requireTool("dpkg-deb", ["--root-owner-group", "--build", tree.path.string, file.string])
        return Digester.digest(of: try Files.read(file)).hex
    }

    private func bakefile(_ digest: String) -> String {
        """
        bakefile: 1
        project: kitchen
        images:
          box:
            kind: ami
            from: { rootfs: root.tar }
            version: sequence
            steps:
              - ssm-agent: { deb: agent.deb, sha256: \(digest) }
        """
    }

    @Test(.enabled(if: canBakePackages, "needs root, an OCI runtime, dpkg and python3"))
    func `is installed, enabled and tested for`() async throws {
        let apt = try await AptKitchen()
        let kitchen = apt.kitchen
        try await apt.publish("hello 1.0")
        try kitchen.work.write(bakefile(try await agent(in: kitchen)), to: "Bakefile")
        let result = try await kitchen.ovenbird(["bake", "--first"])
        #expect(result.status == 0, "\(result.error)")
        #expect(result.error.contains("box:ssm-agent-1 done") && result.error.contains("box:ssm-agent-1-unit done"))
        #expect(result.error.contains("2 of 2 tests passed"))
        let report = String(decoding: try Files.read(kitchen.work.file("out/tests.xml")), as: UTF8.self)
        #expect(report.contains("ssm-agent-package: package amazon-ssm-agent"))
        #expect(report.contains("ssm-agent-unit: unit amazon-ssm-agent.service"))
        let bare = try await agent(in: kitchen, hasUnit: false)
        try kitchen.work.write(bakefile(bare), to: "Bakefile")
        let without = try await kitchen.ovenbird(["bake"])
        #expect(without.status == 4)
        #expect(without.error.contains("the image has no unit 'amazon-ssm-agent.service'"))
        try await apt.stop()
    }

    @Test(.enabled(if: hasTool("dpkg-deb"), "needs dpkg"))
    func `is refused with another SHA-256`() async throws {
        let kitchen = try await Kitchen(bakefile(String(repeating: "0", count: 64)))
        try kitchen.work.write("", to: "root.tar")
        let digest = try await agent(in: kitchen)
        for command in ["plan", "bake"] {
            let result = try await kitchen.ovenbird([command])
            #expect(result.status == 2)
            #expect(
                result.error.contains(
                    "Bakefile:9:9: error: 'agent.deb' is not the file that the step says [input-digest]"
                )
            )
            #expect(result.error.contains("why: its SHA-256 is \(digest), and the step's 'sha256' is 000"))
        }
    }

    @Test func `is for machines, and needs its digest`() async throws {
        let kitchen = try await Kitchen(bakefile("abc").replacing("kind: ami", with: "kind: docker"))
        let result = try await kitchen.ovenbird(["check"])
        #expect(result.error.contains("'abc' is not a SHA-256"))
        let digest = String(repeating: "0", count: 64)
        try kitchen.work.write(bakefile(digest).replacing("kind: ami", with: "kind: docker"), to: "Bakefile")
        #expect(
            try await kitchen.ovenbird(["check"]).error.contains("'ssm-agent' has no meaning for a container image")
        )
    }
}

private let canBakePackages =
    getuid() == 0 && (hasTool("crun") || hasTool("runc")) && hasTool("dpkg") && hasTool("python3")
