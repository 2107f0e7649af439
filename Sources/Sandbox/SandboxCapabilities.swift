import Glibc
import Subprocess
import SystemIO
package import SystemPackage

/// What this host can do for sandboxes, tried and not guessed, and how to get what is missing.
package struct SandboxCapabilities: Sendable {
    /// One thing that steps or Debian roots need.
    package struct Item: Sendable, Hashable {
        package var name: String
        /// What there is: a version, or how it is done.
        package var found: String?
        /// nil where all is well.
        package var error: SandboxError?
    }

    /// In the order in which they should be remedied.
    package var items: [Item]

    package var canRunSteps: Bool { items.allSatisfy { $0.error == nil || $0.name == Self.debianRoots } }

    package static let debianRoots = "Debian roots"

    /// Tries everything; `scratch` is an own, existing, empty folder where the store lies, and empty again afterwards.
    package static func probe(worker: FilePath, scratch: FilePath) async -> SandboxCapabilities {
        SandboxCapabilities(items: [
            item("user") { () throws(SandboxError) in
                if geteuid() == 0 { return "root" }
                try SandboxRequirements.checkUserNamespaces()
                return "'\(SandboxRequirements.currentUser())' with sub-ids"
            },
            await runtimeItem(),
            await mountItem(worker: worker, scratch: scratch),
            await programItem(
                debianRoots,
                "mmdebstrap",
                fix: "apt-get install mmdebstrap, for 'from: { debian: ... }'"
            ),
        ])
    }

    private static func item(_ name: String, _ check: () throws(SandboxError) -> String) -> Item {
        do { return Item(name: name, found: try check()) } catch { return Item(name: name, error: error) }
    }

    private static func runtimeItem() async -> Item {
        do {
            let runtime = try SandboxRequirements.runtime()
            return Item(name: "OCI runtime", found: await version(runtime.path) ?? runtime.path.string)
        } catch {
            return Item(name: "OCI runtime", error: error)
        }
    }

    private static func mountItem(worker: FilePath, scratch: FilePath) async -> Item {
        let name = "namespaces and overlay"
        do {
            let report = try await StepSandbox.start(.tryMounts(scratch), in: scratch, worker: worker, log: nil)
            try await StepSandbox.remove(
                try Files.names(in: scratch).map { scratch.appending($0) },
                worker: worker
            )
            return Item(name: name, found: report.error == nil ? "work in '\(scratch)'" : nil, error: report.error)
        } catch {
            return Item(name: name, error: SandboxError.wrapping(error, while: "trying a sandbox"))
        }
    }

    private static func programItem(_ name: String, _ program: String, fix: String) async -> Item {
        guard let path = HostProgram.find(program) else {
            return Item(name: name, error: SandboxError(.host, "there is no program '\(program)'", fix: fix))
        }
        return Item(name: name, found: await version(path) ?? path.string)
    }

    /// The first line of what the program says to `--version`.
    private static func version(_ program: FilePath) async -> String? {
        let outcome = try? await Subprocess.run(
            .path(program),
            arguments: ["--version"],
            environment: .custom(["PATH": HostProgram.environment]),
            output: .string(limit: 64 * 1024),
            error: .combinedWithOutput
        )
        return outcome?.standardOutput.split(separator: "\n").first.map(String.init)
    }
}
