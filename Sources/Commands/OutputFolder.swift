import Attestations
import Bakefiles
import Diagnostics
import ImageTests
import Reporting
import Rollouts
import Store
import SystemIO
import SystemPackage

/// `out/`: what later CI steps take up.
struct OutputFolder {
    let path: FilePath
    let bakefile: Bakefile
    let palette: Palette

    /// Throws before a long bake what would keep it from its end.
    func prepare() throws {
        var diagnostics = DiagnosticList()
        diagnostics.add(contentsOf: BakeProperties.collisions(among: bakefile.images.map(\.name)))
        StackCheck(bakefile: bakefile).run(.untouchedByBake, &diagnostics)
        try diagnostics.throwIfErrors()
        try Files.makeFolder(path)
        try hideFromGit()
        // That of an earlier bake says nothing of this one.
        if Files.exists(testResults) { try Files.removeFile(testResults) }
    }

    /// Keeps what a bake leaves from being a change of the work tree, which would make the next bake's tree dirty.
    ///
    /// A folder that holds anything of somebody else's is theirs to ignore, or not.
    private func hideFromGit() throws {
        let own: Set<String> = ["release.json", "bake.properties", "params", "tests.xml"]
        for name in own.union([".gitignore"]) { TemporaryFile.removeLeftovers(of: path.appending(name)) }
        guard try Files.names(in: path).allSatisfy({ own.contains($0.string) }) else { return }
        try AtomicFile.write(
            Array("# What bakes leave here is made anew by each of them.\n*\n".utf8),
            to: path.appending(".gitignore")
        )
    }

    /// Writes into a folder what a release that has new placements leaves there.
    static func renew(
        _ path: FilePath,
        _ release: Release,
        of bakefile: Bakefile,
        from store: ArtifactStore,
        color: Palette.Choice
    ) throws -> DiagnosticList {
        let folder = OutputFolder(path: path, bakefile: bakefile, palette: Console.messagePalette(color))
        try folder.prepare()
        return try folder.write(release, from: store)
    }

    /// Writes the release, the attestations, the properties and a copy of each parameter file; each appears whole or not
    /// at all.
    ///
    /// Answers the mistakes of parameter files that cannot take the release's values, once all the others are written.
    func write(_ release: Release, from store: ArtifactStore) throws -> DiagnosticList {
        var problems = DiagnosticList()
        try writeAttestations(of: release, from: store)
        try write(release.canonicalBytes, to: path.appending("release.json"))
        let properties = BakeProperties.text(for: release, digest: release.digest)
        try write(Array(properties.utf8), to: path.appending("bake.properties"))
        for stack in bakefile.stacks {
            for environment in stack.environments {
                let work = ParameterWork(bakefile: bakefile, stack: stack, environment: environment)
                let folder = path.appending("params").appending(stack.name)
                let suffix = FilePath(environment.parameters.path).extension.map { ".\($0)" } ?? ""
                let copy = folder.appending(environment.name + suffix)
                let edited: ParameterWork.Edited
                do {
                    edited = try work.edit(from: release)
                } catch let invalid as InvalidInput {
                    problems.add(contentsOf: invalid.diagnostics)
                    // One of an earlier bake would be taken for this one's.
                    if Files.exists(copy) { try Files.removeFile(copy) }
                    continue
                }
                try Files.makeFolder(folder)
                try write(edited.text, to: copy)
                Console.say((edited.warnings + edited.notes).flatMap { DiagnosticText.lines($0, palette: palette) })
            }
        }
        return problems
    }

    /// Writes how the tests of images ended; without tests there is no file.
    func write(_ tests: [TestResult]) throws {
        if tests.isEmpty { return }
        try write(Array(JUnitDocument.text(tests, project: bakefile.project).utf8), to: testResults)
    }

    private var testResults: FilePath { path.appending("tests.xml") }

    /// Leaves a file alone that has these bytes already, but not what a killed bake left beside it.
    private func write(_ bytes: [UInt8], to path: FilePath) throws {
        TemporaryFile.removeLeftovers(of: path)
        if let known = try? Files.read(path), known == bytes { return }
        try AtomicFile.write(bytes, to: path)
    }
}

extension OutputFolder {
    /// `IMAGE.spdx.json` and `IMAGE.provenance.json`, below `attestations`: the documents that the release names.
    ///
    /// Of one that the store has no more, as after the removal of an old release's content, no file of another is left.
    private func writeAttestations(of release: Release, from store: ArtifactStore) throws {
        let folder = path.appending("attestations")
        for (name, image) in release.images.sorted(by: { $0.key < $1.key }) {
            guard let said = image.attestations else { continue }
            try Files.makeFolder(folder)
            for (document, kind) in [(said.sbom, "spdx"), (said.provenance, "provenance")] {
                let file = folder.appending("\(name).\(kind).json")
                if store.hasBlob(document) {
                    try copy(document, from: store, to: file)
                } else if Files.exists(file) {
                    try Files.removeFile(file)
                }
            }
        }
    }

    /// Copies a blob that may be large; a file that is known to have its content is not even read.
    private func copy(_ blob: Digest, from store: ArtifactStore, to path: FilePath) throws {
        let place = try Files.currentFolder().pushing(path)
        TemporaryFile.removeLeftovers(of: place)
        if let status = try FileStatus.ofExisting(place), status.kind == .regular, status.size == store.blobSize(blob) {
            if let known = try store.fileDigest(place), known.matches(status) {
                if known.digest == blob { return }
            } else if try contains(blob, place, status, store) {
                return
            }
        }
        try AtomicOutput.file(place) { try store.copyBlob(blob, to: $0) }
    }

    /// Reads a file, and remembers its digest for the next time.
    private func contains(
        _ blob: Digest,
        _ path: FilePath,
        _ status: FileStatus,
        _ store: ArtifactStore
    ) throws -> Bool {
        let startedAt = SystemClock.wall
        let file = try Descriptor.openForReading(path)
        var digester = Digester()
        try file.forEachPiece { digester.update($0) }
        let digest = digester.finish()
        if try FileStatus.ofExisting(path) == status {
            try store.recordFileDigests([path: KnownFileDigest(digest: digest, status: status)], hashedAt: startedAt)
        }
        return digest == blob
    }
}
