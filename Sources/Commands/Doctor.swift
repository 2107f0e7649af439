import Glibc
import MachineImages
import OCI
import Planning
import Sandbox
import Store
import Synchronization
import SystemIO
import SystemPackage

/// What this host can do, found out by trying.
struct Doctor {
    /// What was found about one ability.
    struct Finding {
        enum State: String {
            case good
            /// It works, with less than is wanted.
            case limited
            case missing
        }

        let name: String
        var state: State
        var detail: String
        /// What it is for.
        let purpose: String
        var fix: String?
        /// Nothing can be baked without it.
        var isEssential = false

        var document: JSONValue {
            .object([
                "name": .string(name), "state": .string(state.rawValue), "detail": .string(detail),
                "purpose": .string(purpose), "fix": fix.map(JSONValue.string), "essential": .bool(isEssential),
            ])
        }
    }

    let storePath: FilePath

    func examine() async throws -> [Finding] {
        let folder = nearestExisting(storePath)
        let scratch = Scratch()
        return try await Interruption.cancelling(abandon: { scratch.remove() }) {
            defer { scratch.remove() }
            return try await examine(folder, scratch)
        }
    }

    private func examine(_ folder: FilePath, _ scratch: Scratch) async throws -> [Finding] {
        // Inside a store that exists a folder can be made to try; elsewhere nothing of ours may be left for a moment.
        let tried = Result {
            if Files.exists(storePath) { return try scratch.make(in: storePath) }
            // Only trying tells, since root may write where nothing can be made: a file without a name is seen by nobody.
            _ = try Descriptor.openUnnamed(in: folder)
            return try scratch.make(in: temporaryFolder)
        }
        return try await [storeFolder(tried), diskSpace(folder)] + sandbox(tried, scratch)
            + [
                platforms(), engine(),
                program("git", ["--version"], name: "git", purpose: "the commit in a release, and 'version: git'"),
                program("dot", ["-V"], name: "Graphviz", purpose: "'ovenbird graph --format svg'", package: "graphviz"),
                disks(),
            ]
    }

    private func storeFolder(_ tried: Result<FilePath, any Error>) -> Finding {
        var finding = Finding(
            name: "store",
            state: .good,
            detail: "'\(storePath)' can be written",
            purpose: "keeping layers and images",
            isEssential: true
        )
        if case .failure(let error) = tried {
            finding.state = .missing
            finding.detail = "\(error)"
            finding.fix = "pass '--store FOLDER', or set OVENBIRD_STORE"
        }
        return finding
    }

    private func diskSpace(_ folder: FilePath) -> Finding {
        let wanted: Int64 = 5_000_000_000
        let purpose = "layers and images: a Debian machine image takes 1 to 3 GB"
        guard let free = FileSystemSpace.free(at: folder) else {
            return Finding(name: "disk space", state: .limited, detail: "the free space is not known", purpose: purpose)
        }
        return Finding(
            name: "disk space",
            state: free >= wanted ? .good : free >= wanted / 25 ? .limited : .missing,
            detail: "\(free / 1_000_000) MB free for the store",
            purpose: purpose,
            fix: free >= wanted ? nil : "free some space, or put the store elsewhere with '--store FOLDER'",
            isEssential: true
        )
    }

    /// What the sandbox finds when it is tried in a folder of its own, beside the store where that can be.
    private func sandbox(_ tried: Result<FilePath, any Error>, _ scratch: Scratch) async throws -> [Finding] {
        let place: FilePath
        if case .success(let folder) = tried { place = folder } else { place = try scratch.make(in: temporaryFolder) }
        let found = await SandboxCapabilities.probe(worker: try ProcessSetup.executable(), scratch: place)
        return found.items.map { item in
            let isBase = item.name == SandboxCapabilities.debianRoots
            return Finding(
                name: item.name,
                state: item.error == nil ? .good : .missing,
                detail: item.error.map { [$0.message, $0.why].compactMap(\.self).joined(separator: ": ") } ?? item.found
                    ?? "",
                purpose: isBase ? "'from: { debian: SUITE }'" : "'run' and 'packages' steps",
                fix: item.error?.fix
            )
        }
    }

    private func platforms() -> Finding {
        let host = Platform.host.architectureName
        let found = Emulation().platforms(onHost: host)
        let isAlone = found.allSatisfy { Emulation.isNative($0, onHost: host) }
        let hasTest = Emulation.makesDebianRoots
        return Finding(
            name: "platforms",
            state: isAlone || !hasTest ? .limited : .good,
            detail: "programs run for \(found.map(\.description).joined(separator: ", "))"
                + (hasTest ? "" : "; Debian roots of others need the program 'arch-test'"),
            purpose: "'run' and 'packages' steps and Debian roots of images with 'platforms:'",
            fix: isAlone
                ? "apt-get install qemu-user-static binfmt-support arch-test"
                : hasTest ? nil : "apt-get install arch-test"
        )
    }

    private func engine() async -> Finding {
        let (name, purpose) = ("container engine", "'ovenbird load'")
        if let version = await Probe.firstLine("docker", ["version", "--format", "docker {{.Server.Version}}"]) {
            return Finding(name: name, state: .good, detail: version, purpose: purpose)
        }
        if let version = await Probe.firstLine("podman", ["--version"]) {
            return Finding(name: name, state: .good, detail: "\(version), with '--engine podman'", purpose: purpose)
        }
        let hasClient = await Probe.firstLine("docker", ["--version"]) != nil
        return Finding(
            name: name,
            state: .missing,
            detail: hasClient ? "the docker engine does not answer" : "neither docker nor podman is on the PATH",
            purpose: purpose,
            fix: hasClient
                ? "start it with 'systemctl start docker'"
                : "apt-get install docker.io, or podman"
        )
    }

    private func disks() -> Finding {
        let missing = MachineDisk.missingPackages(search: Console.environment["PATH"])
        return Finding(
            name: "disks",
            state: missing.isEmpty ? .good : .missing,
            detail: missing.isEmpty
                ? "GRUB and the programs for FAT file systems" : "without \(missing.joined(separator: ", "))",
            purpose: "'ovenbird export --format raw'",
            fix: missing.isEmpty ? nil : "apt-get install \(missing.joined(separator: " "))"
        )
    }

    private func program(
        _ program: String,
        _ arguments: [String],
        name: String,
        purpose: String,
        package: String? = nil
    ) async -> Finding {
        let line = await Probe.firstLine(program, arguments)
        return Finding(
            name: name,
            state: line == nil ? .missing : .good,
            detail: line ?? "there is no program '\(program)'",
            purpose: purpose,
            fix: line == nil ? "apt-get install \(package ?? program)" : nil
        )
    }

    private var temporaryFolder: FilePath {
        Console.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : FilePath($0) } ?? "/tmp"
    }

    /// The folder in which the sandbox is tried; it goes again, however the examination ends.
    private final class Scratch: Sendable {
        private let path = Mutex<FilePath?>(nil)

        func make(in folder: FilePath) throws -> FilePath {
            let scratch = folder.appending(".ovenbird-doctor.\(getpid())")
            try Files.makeFolder(scratch, mode: 0o700)
            path.withLock { $0 = scratch }
            return scratch
        }

        /// The sandbox leaves the folder empty, unless it was cut off.
        func remove() {
            if let scratch = path.withLock({ $0 }) { _ = Files.removeTree(scratch) }
        }
    }

    private func nearestExisting(_ path: FilePath) -> FilePath {
        var place = path
        while !Files.exists(place) {
            let above = place.removingLastComponent()
            if above.isEmpty { return "." }
            if above == place { return place }
            place = above
        }
        return place
    }
}
