import Glibc
import Layers
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

@Suite("Cleaning a Debian root")
struct DebianRootCleaningTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Kind, path and size or target of each entry.
    private func clean(_ script: String) async throws -> [String] {
        try folder.makeFolder("root")
        let make = "mkdir -p etc/apt run usr/bin tmp var/backups; \(script)"
        try await requireTool("sh", ["-ec", make], in: folder.file("root"))
        try await requireTool("tar", ["--sort=name", "-cf", "in.tar", "-C", "root", "."], in: folder.path)
        let cleaning = DebianRootCleaning(sourcesList: "deb x\n", timestamp: 5)
        let output = folder.file("out.tar")
        let layer = try cleaning.write(folder.file("in.tar"), to: output)
        #expect(layer.digest == Digester.digest(of: try Files.read(output)))
        let listing = try LayerListing.scan(try Descriptor.openForReading(output))
        // Every hard link must name an entry before it.
        _ = try MergedTree(layers: [listing])
        return listing.items.map(\.entry).filter { $0.kind != .directory }.map { entry in
            let target = entry.linkTarget.isEmpty ? "" : " -> \(String(decoding: entry.linkTarget, as: UTF8.self))"
            return "\(entry.kind) \(entry.path) \(entry.size)\(target)"
        }
    }

    @Test func `a link to a file that goes becomes the file`() async throws {
        #expect(
            try await clean("echo tool > run/first; ln run/first usr/bin/tool; ln run/first usr/bin/zool") == [
                "regular etc/apt/sources.list 6", "regular usr/bin/tool 5", "hardLink usr/bin/zool 0 -> usr/bin/tool",
            ]
        )
    }

    @Test func `a link to a file that is emptied keeps its content`() async throws {
        #expect(
            try await clean("echo 0123456789 > etc/machine-id; ln etc/machine-id usr/bin/id") == [
                "regular etc/apt/sources.list 6", "regular etc/machine-id 0", "regular usr/bin/id 11",
            ]
        )
    }
}
