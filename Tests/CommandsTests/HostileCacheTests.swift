import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// What lies in the store is no more believed than what comes from outside.
@Suite("A store that somebody changed")
struct HostileCacheTests {
    private func bakefile(_ text: String) -> String {
        """
        bakefile: 1
        project: kitchen
        images:
          box:
            kind: docker
            from: scratch
            version: sequence
            steps:
              - file: { path: /one, content: one }
              - file: { path: /two, content: \(text) }
        """
    }

    /// What a store that nobody changed gives.
    private func expected(_ text: String) async throws -> String {
        let kitchen = try await Kitchen(bakefile(text))
        _ = try await kitchen.bake("--first")
        return try kitchen.identity(of: "box").identity
    }

    private func layers(_ kitchen: Kitchen) throws -> [FilePath] {
        let layers = try kitchen.release()["images"]?["box"]?["layers"]?.arrayValue ?? []
        return try layers.map { layer in
            let digest = try #require(layer["diffID"]?.stringValue.flatMap { Digest($0) })
            return kitchen.store.appending("blobs/sha256").appending(digest.hex)
        }
    }

    @Test func `row 28: a cut layer is made anew, and a forged one stops the bake`() async throws {
        let kitchen = try await Kitchen(bakefile("two"))
        _ = try await kitchen.bake("--first")
        let layer = try layers(kitchen)[0]
        let bytes = try Files.read(layer)
        try AtomicFile.write(Array(bytes.prefix(600)), to: layer)
        try kitchen.work.write(bakefile("three"), to: "Bakefile")
        #expect(try await kitchen.bake() == ["box:file-1": "ran", "box:file-2": "ran"])
        #expect(try kitchen.identity(of: "box").identity == (try await expected("three")))

        var forged = bytes
        forged[520] ^= 1
        try AtomicFile.write(forged, to: layer)
        try kitchen.work.write(bakefile("four"), to: "Bakefile")
        let result = try await kitchen.ovenbird(["bake"])
        #expect(result.status == 4)
        #expect(
            result.error.contains(
                "the blob 'sha256:\(layer.lastComponent?.string ?? "")' is damaged: its content has "
            ),
            "\(result.error)"
        )
    }

    @Test func `row 28: a forged listing is not believed`() async throws {
        let kitchen = try await Kitchen(bakefile("two"))
        _ = try await kitchen.bake("--first")
        let folder = kitchen.store.appending("ovenbird/listings")
        for name in try Files.names(in: folder) {
            let good = try Files.read(folder.appending(name))
            try AtomicFile.write(Array(good.prefix(20)) + [0xff, 0xff, 0xff, 0xff], to: folder.appending(name))
        }
        try kitchen.work.write(bakefile("three"), to: "Bakefile")
        #expect(try await kitchen.bake() == ["box:file-1": "cached", "box:file-2": "ran"])
        #expect(try kitchen.identity(of: "box").identity == (try await expected("three")))
    }
}
