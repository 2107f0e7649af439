import OCI
@testable import Sandbox
import SystemPackage
import TestSupport
import Testing

@Suite("Emulation of other platforms") struct EmulationTests {
    private let folder: TemporaryFolder
    private let arm = Platform(architecture: "arm64")

    init() throws { folder = try TemporaryFolder() }

    private func emulation(isOrdinaryUser: Bool = false, kernel: String = "6.7.0-rc1") -> Emulation {
        var emulation = Emulation()
        emulation.registrations = folder.file("known")
        emulation.formats = folder.file("formats")
        emulation.programs = folder.file("bin")
        emulation.isOrdinaryUser = isOrdinaryUser
        emulation.kernelRelease = kernel
        return emulation
    }

    private func failure(_ platform: Platform) throws -> String {
        let error = #expect(throws: SandboxError.self) { try emulation().emulator(for: platform, onHost: "amd64") }
        return try #require(error).description.replacing(folder.path.string, with: "FOLDER")
    }

    private func register(_ state: String, flags: String) throws {
        try folder.write("\(state)\ninterpreter /usr/bin/x\nflags: \(flags)\noffset 0\n", to: "known/qemu-aarch64")
    }

    @Test func `the host's own platform needs nothing`() throws {
        #expect(try emulation().emulator(for: Platform(architecture: "amd64"), onHost: "amd64") == nil)
        #expect(try emulation().emulator(for: Platform(architecture: "386"), onHost: "amd64") == nil)
        #expect(try emulation().emulator(for: arm, onHost: "arm64") == nil)
        #expect(emulation().platforms(onHost: "amd64").map(\.description) == ["linux/amd64", "linux/386"])
    }

    @Test func `a registration has to be enabled, and of use in another root`() throws {
        let missing = """
            programs for linux/arm64 cannot run on this machine
              why: there is no 'FOLDER/bin/qemu-aarch64-static', and no 'FOLDER/known/qemu-aarch64' that is enabled and has the flag F
              fix: apt-get install qemu-user-static binfmt-support; or bake on a machine of that platform, or copy what was built there
            """
        #expect(try failure(arm) == missing)
        try register("disabled", flags: "OCF")
        #expect(try failure(arm) == missing)
        try register("enabled", flags: "OC")
        #expect(try failure(arm) == missing)
        try register("enabled", flags: "OCF")
        #expect(try emulation().emulator(for: arm, onHost: "amd64") == nil)
        #expect(try emulation().emulator(for: Platform(architecture: "arm64", variant: "v8"), onHost: "amd64") == nil)
        #expect(emulation().platforms(onHost: "amd64").contains(arm))
    }

    @Test func `an ordinary user's sandbox registers what is installed, root's does not`() throws {
        try folder.write("", to: "bin/qemu-aarch64-static")
        try folder.write("magic \\x7f\nmask \\xff\n", to: "formats/qemu-aarch64")
        #expect(try emulation(isOrdinaryUser: true).emulator(for: arm, onHost: "amd64") == "aarch64")
        let old = emulation(isOrdinaryUser: true, kernel: "6.1.0-30-amd64")
        #expect(!old.platforms(onHost: "amd64").contains(arm))
        #expect(
            try failure(arm)
                == """
                programs for linux/arm64 cannot run on this machine
                  why: QEMU is here, but not registered with the kernel: there is no 'FOLDER/known/qemu-aarch64' that is enabled and has the flag F
                  fix: apt-get install binfmt-support, restart systemd-binfmt, or, with Linux 6.7 or newer, bake as an ordinary user, whose sandboxes register it for themselves; or bake on a machine of that platform, or copy what was built there
                """
        )
    }

    @Test func `what programs begin with has to be known`() throws {
        try folder.write("interpreter x\n", to: "formats/qemu-aarch64")
        let error = #expect(throws: SandboxError.self) { try emulation().register("aarch64") }
        #expect(error?.message.hasSuffix("/formats/qemu-aarch64' does not say what programs begin with") == true)
    }

    @Test func `a kernel that refuses is named`() throws {
        try folder.write("magic \\x7f\nmask \\xff\n", to: "formats/qemu-aarch64")
        // The folder to mount on is not there, which no kernel takes.
        let error = #expect(throws: SandboxError.self) { try emulation().register("aarch64") }
        #expect(error?.message.hasPrefix("the kernel lets an ordinary user's sandbox register no emulator: ") == true)
        #expect(error?.fix == "have root run 'apt-get install qemu-user-static binfmt-support'")
    }

    @Test func `a Debian root of another architecture needs arch-test`() throws {
        let root = DebianRoot(suite: "bookworm", variant: "apt", architecture: "s390x", timestamp: 0)
        let error = #expect(throws: SandboxError.self) { try root.checkForeign { _ in nil } }
        #expect(
            error?.description
                == """
                there is no program 'arch-test', and a Debian root for 's390x' needs it here
                  fix: apt-get install arch-test
                """
        )
        try root.checkForeign { FilePath("/usr/bin/\($0)") }
        let own = DebianRoot(suite: "bookworm", variant: "apt", timestamp: 0)
        try own.checkForeign { _ in nil }
    }

    @Test func `a platform that QEMU does not know is refused`() throws {
        #expect(
            try failure(Platform(architecture: "wasm"))
                == """
                programs for linux/wasm cannot run on this machine
                  why: QEMU has no user mode for it
                  fix: bake on a machine of that platform, or copy what was built there
                """
        )
    }
}
