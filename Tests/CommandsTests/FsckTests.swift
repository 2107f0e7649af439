import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// What `fsck` says of each kind of damage.
@Suite("fsck")
struct FsckTests {
    private static func damaged(_ damage: (Kitchen) async throws -> Void) async throws -> ToolResult {
        let kitchen = try await Kitchen()
        _ = try await kitchen.bake("--first")
        #expect(try await kitchen.run("fsck").hasSuffix(": all good\n"))
        try await damage(kitchen)
        let result = try await kitchen.ovenbird(["fsck"])
        let document = try JSONValue.parse(try await kitchen.ovenbird(["fsck", "--format", "json"]).output)
        #expect(document["damaged"] == .bool(result.status == 3))
        if result.status == 3 { #expect(result.error == "error: the store is damaged\n") }
        return result
    }

    private static func layer(_ kitchen: Kitchen) throws -> FilePath {
        let layers = try kitchen.release()["images"]?["site"]?["layers"]?.arrayValue
        let digest = try #require(layers?.last?["diffID"]?.stringValue ?? layers?.last?["diff-id"]?.stringValue)
        return kitchen.store.appending("blobs/sha256").appending(String(digest.dropFirst(7)))
    }

    @Test func `names the image and the version of a damaged layer`() async throws {
        let result = try await Self.damaged { kitchen in
            try await requireTool("truncate", ["-s", "1", try Self.layer(kitchen).string])
        }
        #expect(result.status == 3)
        #expect(result.text.contains("its content has the digest"))
        #expect(result.text.contains("image 'site' of project 'kitchen', version 1"))
        #expect(result.text.contains("in the store and bake again"))
    }

    @Test func `names what lacks a blob`() async throws {
        let result = try await Self.damaged { kitchen in try Files.removeFile(try Self.layer(kitchen)) }
        #expect(result.status == 3)
        #expect(result.text.contains("there is no such blob"))
        #expect(result.text.contains("of: 'kitchen.site' in index.json"))
    }

    @Test func `finds a damaged index of the layout`() async throws {
        let result = try await Self.damaged { kitchen in
            try AtomicFile.write(Array("{".utf8), to: kitchen.store.appending("index.json"))
        }
        #expect(result.status == 3)
        #expect(result.text.contains("damaged   index.json: "))
        #expect(result.text.contains("remove the file and bake again"))
    }

    @Test func `finds a damaged database`() async throws {
        let result = try await Self.damaged { kitchen in
            let path = kitchen.store.appending("ovenbird/index.sqlite").string
            try await requireTool("truncate", ["-s", "0", "\(path)-wal"])
            try await requireTool("sh", ["-c", "printf 'no database at all, really' > \(path)"])
        }
        #expect(result.status == 3)
        #expect(result.text.contains("damaged   ovenbird/index.sqlite: "))
        #expect(result.text.contains("and bake with '--after' and the last release"))
    }

    @Test func `finds a listing that is another layer's`() async throws {
        let result = try await Self.damaged { kitchen in
            let folder = kitchen.store.appending("ovenbird/listings")
            let names = try Files.names(in: folder).map(folder.appending)
            let bytes = try Files.read(names[0])
            let other = try #require(try names.first { try Files.read($0) != bytes })
            try AtomicFile.write(bytes, to: other)
        }
        #expect(result.status == 3)
        #expect(result.text.contains("it lists other files than the layer has"))
    }

    @Test func `tells of leftovers, which are no damage`() async throws {
        let result = try await Self.damaged { kitchen in
            try AtomicFile.write([1], to: kitchen.store.appending("ovenbird/tmp/blob-1-2"))
        }
        #expect(result.status == 0)
        #expect(result.text.contains("leftover  ovenbird/tmp/blob-1-2: its process is no more"))
    }

    @Test func `needs a store`() async throws {
        let kitchen = try await Kitchen()
        let result = try await kitchen.ovenbird(["fsck"])
        #expect(result.status == 1)
        #expect(result.error == "error: there is no store at '\(kitchen.store)'\n")
    }
}
