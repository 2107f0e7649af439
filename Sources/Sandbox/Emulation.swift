import Glibc
package import OCI
import SystemIO
import SystemPackage

/// Whether programs of other architectures run here: through QEMU's user mode, which binfmt_misc has to know.
///
/// An ordinary user's sandbox has a user namespace, in which it registers QEMU itself, seen by nobody else. Root's has none,
/// and nothing is registered there: that would change the machine for everybody. Sources: the kernel's
/// Documentation/admin-guide/binfmt-misc.rst; update-binfmts(8), "FORMAT FILES".
package struct Emulation: Sendable {
    /// Where the kernel lists what is registered.
    var registrations: FilePath = "/proc/sys/fs/binfmt_misc"
    /// Where Debian's qemu-user-static says what programs of an architecture begin with.
    var formats: FilePath = "/usr/share/binfmts"
    var programs: FilePath = "/usr/bin"
    /// Whether sandboxes have a user namespace.
    var isOrdinaryUser = geteuid() != 0
    /// The kernel's, as in `6.1.0-30-amd64`.
    var kernelRelease = Machine.kernelRelease

    package init() {}

    /// The emulator that a sandbox for the platform has to register for itself; nil where nothing has to be done.
    ///
    /// `host` is the architecture of the machine as OCI writes it. Throws where programs of the platform cannot run.
    package func emulator(for platform: Platform, onHost host: String) throws(SandboxError) -> String? {
        if Self.isNative(platform, onHost: host) { return nil }
        guard let name = platform.emulator else { throw failure(platform, why: "QEMU has no user mode for it") }
        let known = registrations.appending("qemu-\(name)")
        // Without the flag F the kernel looks for QEMU in the root of the step, which has none.
        if let text = read(known), text.hasPrefix("enabled\n"), Self.field("flags:", of: text)?.contains("F") == true {
            return nil
        }
        let program = program(of: name)
        guard Files.exists(program), Files.exists(formats.appending("qemu-\(name)")) else {
            throw failure(
                platform,
                why: "there is no '\(program)', and no '\(known)' that is enabled and has the flag F",
                fix: "apt-get install qemu-user-static binfmt-support"
            )
        }
        guard isOrdinaryUser, Self.hasOwnFormats(kernelRelease) else {
            throw failure(
                platform,
                why: "QEMU is here, but not registered with the kernel: there is no '\(known)' that is enabled and has "
                    + "the flag F",
                fix:
                    "apt-get install binfmt-support, restart systemd-binfmt, or, with Linux 6.7 or newer, bake as an ordinary "
                    + "user, whose sandboxes register it for themselves"
            )
        }
        return name
    }

    /// Whether each user namespace has registrations of its own: since Linux 6.7.
    private static func hasOwnFormats(_ release: String) -> Bool {
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (6, 7)
    }

    /// Whether Debian roots of other platforms can be made, for which mmdebstrap needs `arch-test`.
    package static var makesDebianRoots: Bool { HostProgram.find("arch-test") != nil }

    /// The known platforms whose programs can run on a machine of the architecture `host`.
    package func platforms(onHost host: String) -> [Platform] {
        Platform.known.filter { platform in
            do {
                _ = try emulator(for: platform, onHost: host)
                return true
            } catch {
                return false
            }
        }
    }

    /// Whether the processor itself runs programs of the platform.
    package static func isNative(_ platform: Platform, onHost host: String) -> Bool {
        platform.architecture == Platform(architectureName: host).architecture
            || (host == "amd64" && platform.architecture == "386")
    }

    /// Makes an emulator known to this process' user namespace; gone with its mount namespace.
    func register(_ name: String) throws {
        guard let format = read(formats.appending("qemu-\(name)")), let magic = Self.field("magic", of: format),
            let mask = Self.field("mask", of: format)
        else { throw SandboxError(.host, "'\(formats)/qemu-\(name)' does not say what programs begin with") }
        do {
            try Mounts.mount("binfmt_misc", on: registrations, type: "binfmt_misc")
            // F opens QEMU now, so that the step's root need not have it; O and C go with programs that change users.
            let line = ":qemu-\(name):M::\(magic):\(mask):\(program(of: name)):OCF"
            try Descriptor.open(registrations.appending("register"), flags: O_WRONLY).write(Array(line.utf8))
        } catch {
            throw SandboxError(
                .host,
                "the kernel lets an ordinary user's sandbox register no emulator: \(error)",
                why: "only Linux 6.7 and newer do",
                fix: "have root run 'apt-get install qemu-user-static binfmt-support'"
            )
        }
    }

    private func program(of name: String) -> FilePath { programs.appending("qemu-\(name)-static") }

    private func read(_ file: FilePath) -> String? {
        (try? Files.read(file, limit: 1 << 16)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What follows a word at the start of a line.
    private static func field(_ name: String, of text: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }.map { String($0.dropFirst(name.count + 1)) }
    }

    private func failure(_ platform: Platform, why: String, fix: String? = nil) -> SandboxError {
        let otherwise = "bake on a machine of that platform, or copy what was built there"
        return SandboxError(
            .host,
            "programs for \(platform) cannot run on this machine",
            why: why,
            fix: fix.map { "\($0); or \(otherwise)" } ?? otherwise
        )
    }
}
