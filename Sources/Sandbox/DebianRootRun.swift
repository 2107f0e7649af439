import SystemIO
import SystemPackage

/// One run of mmdebstrap: out of the archive, with a record of what it took, or out of what was resolved before.
struct DebianRootRun {
    let root: DebianRoot
    let program: FilePath
    let folder: FilePath
    let pool: PackagePool
    let worker: FilePath
    let log: Descriptor

    /// Where the root is left.
    var tar: FilePath { folder.appending("root.tar") }
    private var temporary: FilePath { folder.appending("tmp") }
    private var record: FilePath { folder.appending("record") }
    private var repository: FilePath { folder.appending("repository") }

    /// Gives the packages that the root is made of.
    func make(_ pinned: [BinaryPackage]?) async throws -> [BinaryPackage] {
        try Files.makeFolder(temporary)
        try Files.makeFolder(pool.folder)
        guard let pinned else {
            try Files.makeFolder(record)
            let entries = root.entries(host: .ofHost(), hostCodename: AptSources.hostCodename())
            try await run(mmdebstrap(hooks: Self.recording(in: record), sources: entries.map(\.line)))
            return try await BlockingPool.shared.run { try takeRecorded() }
        }
        let missing = try await BlockingPool.shared.run {
            try PackageRepository.make(in: repository, of: pinned, from: pool).missing
        }
        if !missing.isEmpty { try await download(missing) }
        let source = "deb [trusted=yes] \(PackageRepository.uri(of: repository.string)) ./"
        try await run(
            [
                "set -e", PackageRepository.index(at: repository.string),
                PackageRepository.release(suite: root.suite, at: repository.string),
                mmdebstrap(hooks: [], sources: [source]),
            ].joined(separator: "\n")
        )
        return pinned
    }

    private func mmdebstrap(hooks: [String], sources: [String]) -> String {
        (["exec", program.string] + root.arguments(hooks: hooks) + sources).map(shellQuoted).joined(separator: " ")
    }

    /// Hooks that leave the packages with apt's word on each in a folder, before mmdebstrap cleans up.
    ///
    /// The archive may give a package another priority than it gives itself, and priorities decide what is in a root.
    static func recording(in folder: FilePath) -> [String] {
        let place = shellQuoted(folder.string)
        let script = """
            export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
            set -- "$1" $(dpkg-query --admindir="$1/var/lib/dpkg" --show --showformat='${binary:Package}=${Version} ')
            for f in "$1\(PackagesPlan.archives)"/*.deb; do ln "$f" \(place)/ || cp "$f" \(place)/; done
            shift
            apt-get --quiet=2 --print-uris --option=Acquire::ForceHash=SHA256 download "$@" >\(place)/uris
            apt-cache show "$@" | grep -E '^(Package|Version|Architecture|Priority): ' >\(place)/priorities
            """
        return ["--skip=essential/unlink", "--customize-hook=\(script)"]
    }

    private func run(_ script: String, output: FilePath? = nil) async throws {
        let status = try await status(of: script, output: output ?? tar)
        guard status == 0 else {
            throw SandboxError(
                .debian,
                "mmdebstrap could not make a root of '\(root.suite)' (exit status \(status))",
                why: "its messages are in the log"
            )
        }
    }

    private func status(of script: String, output: FilePath) async throws -> Int32 {
        let command = WorkerOrder.Command(
            program: "/bin/sh",
            arguments: ["-c", script],
            environment: root.environment(temporary: temporary),
            output: output,
            emulator: root.emulator
        )
        let report = try await StepSandbox.start(.command(command), in: folder, worker: worker, log: log)
        if let error = report.error { throw error }
        return report.result?.exitStatus ?? -1
    }

    private func takeRecorded() throws -> [BinaryPackage] {
        let uris = String(decoding: try Files.read(record.appending("uris"), limit: 16 << 20), as: UTF8.self)
        let priorities = Self.priorities(
            String(decoding: try Files.read(record.appending("priorities"), limit: 16 << 20), as: UTF8.self)
        )
        return try uris.split(separator: "\n").compactMap { PrintedURI($0) }.map { printed in
            guard let taken = try pool.take(record.appending(printed.fileName)),
                printed.digest == nil || printed.digest == taken.digest
            else {
                throw SandboxError(.system, "apt did not download '\(printed.fileName)' as its index has it")
            }
            return BinaryPackage(
                name: printed.name,
                version: printed.version,
                architecture: printed.architecture,
                size: taken.size,
                digest: taken.digest,
                uri: printed.uri,
                priority: priorities["\(printed.name) \(printed.version) \(printed.architecture)"]
            )
        }
    }

    /// The priorities in the answer of `apt-cache show`, by name, version and architecture.
    static func priorities(_ text: String) -> [String: String] {
        var priorities: [String: String] = [:]
        var fields: [String: String] = [:]
        func close() {
            guard let name = fields["Package"], let version = fields["Version"], let kind = fields["Architecture"]
            else { return }
            let key = "\(name) \(version) \(kind)"
            if priorities[key] == nil { priorities[key] = fields["Priority"] }
        }
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let field = String(line[..<colon])
            if field == "Package" {
                close()
                fields = [:]
            }
            fields[field] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        close()
        return priorities
    }

    private func download(_ packages: [BinaryPackage]) async throws {
        let downloads = folder.appending("downloads")
        let mirrors = root.entries(host: .ofHost(), hostCodename: AptSources.hostCodename()).map(\.uri)
        try PackageDownloads(packages: packages, mirrors: mirrors).writeLists(in: downloads)
        _ = try await status(
            of: PackageDownloads.script(at: downloads.string) + "\n",
            output: folder.appending("downloads.out")
        )
        let missing = try await BlockingPool.shared.run {
            try PackageDownloads.take(from: downloads, into: pool)
            return try pool.copy(packages, to: repository)
        }
        if !missing.isEmpty { throw PinnedPackagesError.unavailable(missing) }
    }
}
