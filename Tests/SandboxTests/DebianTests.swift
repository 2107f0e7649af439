import Glibc
import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

/// Real Debian, from this host's mirror: minutes and hundreds of megabytes, so only where it is asked for.
@Suite(
    "Debian roots and packages",
    .enabled(if: getenv("OVENBIRD_TEST_DEBIAN") != nil, "downloads Debian; set OVENBIRD_TEST_DEBIAN to a folder"),
    .serialized
)
struct DebianTests {
    private struct Case {
        let variant: String
        let packages: [String]
    }

    private static let cases = [
        Case(variant: "apt", packages: ["nginx-light"]),
        Case(variant: "important", packages: ["docker.io", "cloud-init", "linux-image-cloud-amd64"]),
    ]

    /// Whoever runs this writes digests and layers into the folder; two users' can be compared.
    @Test func `a root and a packages step give the same layers, looked up and pinned`() async throws {
        let keep = FilePath(String(cString: try #require(getenv("OVENBIRD_TEST_DEBIAN"))))
        let cache = try TemporaryFolder()
        for wanted in Self.cases {
            let (base, packages) = try await makeRoot(
                wanted.variant,
                pinned: nil,
                cache: cache.path,
                keep.appending("\(wanted.variant)-root-1.tar")
            )
            let (again, _) = try await makeRoot(
                wanted.variant,
                pinned: packages,
                cache: cache.path,
                keep.appending("\(wanted.variant)-root-2.tar")
            )
            #expect(base.diffID == again.diffID)
            let (first, installed) = try await install(wanted, pinned: nil, on: base, cache: cache.path, keep, 1)
            let (second, _) = try await install(wanted, pinned: installed, on: base, cache: cache.path, keep, 2)
            #expect(first == second)
            #expect(try !Files.names(in: cache.path.appending("apt/packages")).isEmpty)
            print(wanted.variant, base.diffID, first)
        }
    }

    private func makeRoot(
        _ variant: String,
        pinned: [BinaryPackage]?,
        cache: FilePath,
        _ output: FilePath
    ) async throws -> (SandboxJob.Layer, [BinaryPackage]) {
        let folder = try TemporaryFolder()
        let root = DebianRoot(suite: "bookworm", variant: variant, timestamp: 1_600_000_000)
        let log = try Descriptor.open(
            FilePath(output.string + ".log"),
            flags: O_WRONLY | O_CREAT | O_TRUNC,
            mode: 0o644
        )
        let made = try await root.make(
            pinned: pinned,
            in: folder.path,
            cache: cache,
            output: output,
            worker: try builtProgram(),
            log: log
        )
        #expect(try Files.names(in: folder.path).isEmpty)
        return (SandboxJob.Layer(diffID: made.layer.digest, blob: output), made.packages)
    }

    private func install(
        _ wanted: Case,
        pinned: [BinaryPackage]?,
        on base: SandboxJob.Layer,
        cache: FilePath,
        _ keep: FilePath,
        _ number: Int
    ) async throws -> (Digest, [BinaryPackage]) {
        let folder = try TemporaryFolder()
        let output = keep.appending("\(wanted.variant)-packages-\(number).tar")
        let blob = try Descriptor.openForReading(base.blob)
        let tree = try MergedTree(layers: [LayerListing.scan(blob)])
        let root = try AptRoot.read(tree, blobs: [blob])
        #expect(root == AptRoot(hasApt: true, hostRelease: .init(suite: "bookworm", components: ["main"])))
        let job = SandboxJob(
            layers: [base],
            rootsFolder: try folder.makeFolder("roots"),
            scratch: "/",
            arguments: [],
            environment: [:],
            timestamp: 1_600_000_000,
            output: output
        )
        let log = try Descriptor.open(
            FilePath(output.string + ".log"),
            flags: O_WRONLY | O_CREAT | O_TRUNC,
            mode: 0o644
        )
        let done = try await PackagesRun.run(
            PackagesRequest(names: wanted.packages),
            pinned: pinned,
            root: root,
            job: job,
            in: try folder.makeFolder("run"),
            cache: cache,
            worker: try builtProgram(),
            log: log
        )
        #expect(done.result.exitStatus == 0, "see \(output).log")
        try await StepSandbox.remove([job.rootsFolder], worker: try builtProgram())
        return (try #require(done.result.layer).digest, done.packages)
    }
}
