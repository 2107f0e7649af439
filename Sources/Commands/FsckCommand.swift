import ArgumentParser
import Glibc
import Layers
import OCI
import Reporting
import Rollouts
import Store
import SystemIO
import SystemPackage

/// The command `ovenbird fsck`.
struct FsckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck",
        abstract: "Verify the store, and name what is damaged.",
        usage: "ovenbird fsck [<options>]",
        discussion: """
            Reads every blob, all documents and the index, and writes nothing. Exit status 3 where something is damaged; \
            what killed processes left is told and is no damage.

            Example:
              ovenbird fsck
            """
    )

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Blobs to read at a time (default: one a processor).", valueName: "count")
    )
    var jobs: Int?

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("The value '\(jobs)' is invalid for '--jobs <count>'") }
    }

    func run() async throws {
        let examination = try await examine(try store.path())
        switch output.format {
        case .json: try Console.write(document(examination))
        case .text: try Console.write(lines(examination))
        }
        if examination.isDamaged { throw CommandFailure(.checkFailed, message: "the store is damaged") }
    }

    private func examine(_ path: FilePath) async throws -> StoreExamination {
        let store: ArtifactStore
        do {
            store = try ArtifactStore.open(at: path, mode: .readOnly)
        } catch StoreError.indexDamaged(let path, let detail) {
            // Nothing else can be looked at without the index.
            var examination = StoreExamination()
            examination.findings = [
                StoreFinding(
                    .index,
                    "ovenbird/index.sqlite",
                    detail,
                    fix: "remove '\(path)' with its '-wal' and '-shm' and bake with '--after' and the last release"
                )
            ]
            return examination
        }
        guard store.exists else {
            throw CommandFailure(.internalError, message: "there is no store at '\(path)'")
        }
        return try await store.examine(
            jobs: jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            experts: .init(listing: Self.problem(withListing:_:of:), release: Self.problem(withRelease:digest:))
        )
    }

    @Sendable private static func problem(
        withListing layer: Digest,
        _ cached: [UInt8],
        of store: ArtifactStore
    ) -> String? {
        // What this version does not read is made anew, and so does no harm.
        guard LayerListing(decoding: cached) != nil else { return nil }
        do {
            let listing = try LayerListing.scan(try store.openBlob(layer), name: "layer \(layer.short)")
            return listing.encode() == cached ? nil : "it lists other files than the layer has"
        } catch {
            return "\(error)"
        }
    }

    @Sendable private static func problem(withRelease bytes: [UInt8], digest: Digest) -> String? {
        do {
            let release = try Release(reading: bytes, name: "release \(digest.short)")
            return release.digest == digest ? nil : "its document is that of the release \(release.digest.short)"
        } catch {
            return "\(error)"
        }
    }

    private func document(_ examination: StoreExamination) -> JSONValue {
        .object([
            "damaged": .bool(examination.isDamaged), "blobs": .integer(Int64(examination.blobCount)),
            "bytes": .integer(examination.byteCount), "images": .integer(Int64(examination.imageCount)),
            "releases": .integer(Int64(examination.releaseCount)),
            "findings": .array(
                examination.findings.map { finding in
                    .object([
                        "kind": .string(finding.kind.rawValue), "subject": .string(finding.subject),
                        "problem": .string(finding.problem), "concerns": .strings(finding.concerns),
                        "fix": .string(finding.fix),
                    ])
                }
            ),
        ])
    }

    private func lines(_ examination: StoreExamination) -> [String] {
        let palette = output.palette
        var lines: [String] = []
        for finding in examination.findings {
            let kind = finding.kind.isDamage ? palette.red("damaged ") : palette.yellow("leftover")
            lines.append("\(kind)  \(finding.subject.neutralised): \(finding.problem.neutralised)")
            if !finding.concerns.isEmpty {
                lines.append("            of: \(finding.concerns.joined(separator: "; ").neutralised)")
            }
            lines.append("           fix: \(finding.fix.neutralised)")
        }
        let damage = examination.findings.count { $0.kind.isDamage }
        return lines + [
            "\(Counts.text(examination.blobCount, "blob")) (\(Sizes.text(examination.byteCount))), "
                + "\(Counts.text(examination.imageCount, "image")), "
                + "\(Counts.text(examination.releaseCount, "release")): "
                + (damage == 0 ? "all good" : "\(damage) damaged")
        ]
    }
}
