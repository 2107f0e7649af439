import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// House-keeping of a store that real bakes filled.
@Suite("gc and fsck", .serialized)
struct GcTests {
    private static func site(_ text: String) -> String {
        """
        bakefile: 1
        project: kitchen
        images:
          site:
            kind: docker
            from: scratch
            version: sequence
            steps:
              - file: { path: /etc/motd, content: "\(text)\\n" }
              - file: { path: /etc/issue, content: "always\\n" }
        """
    }

    /// A store with two releases; the second is the newest.
    private static func kitchen() async throws -> Kitchen {
        let kitchen = try await Kitchen(site("one"))
        _ = try await kitchen.bake("--first")
        try kitchen.work.write(site("two"), to: "Bakefile")
        _ = try await kitchen.bake()
        return kitchen
    }

    private static func blobs(_ kitchen: Kitchen) throws -> [String] {
        try Files.names(in: kitchen.store.appending("blobs/sha256")).map(\.string)
    }

    @Test func `keeps every release, and a bake after it finds all steps cached`() async throws {
        let kitchen = try await Self.kitchen()
        let before = try Self.blobs(kitchen)
        let junk = try await runTool(
            "sh",
            ["-c", "echo junk > \(kitchen.store)/blobs/sha256/$(echo junk | sha256sum | cut -c1-64)"]
        )
        #expect(junk.status == 0)
        let found = try await kitchen.run("gc", "--dry-run", "--format", "json")
        let document = try JSONValue.parse(Array(found.utf8))
        #expect(document["dry-run"] == .bool(true))
        let items = document["items"]?.arrayValue?.filter { $0["kind"] == "blob" }
        #expect(items?.compactMap { $0["size"]?.integerValue } == [5])
        #expect(try Self.blobs(kitchen).count == before.count + 1)
        #expect(try await kitchen.run("gc").hasSuffix(" B\n"))
        #expect(try Self.blobs(kitchen) == before)
        #expect(try await kitchen.bake().values.allSatisfy { $0 == "cached" })
        try kitchen.work.write(Self.site("one"), to: "Bakefile")
        #expect(try await kitchen.bake().values.allSatisfy { $0 == "cached" })
    }

    @Test func `gives up the content of old releases, and neither their documents nor their versions`() async throws {
        let kitchen = try await Self.kitchen()
        let before = try Self.blobs(kitchen)
        _ = try await kitchen.run("gc", "--keep", "releases=1")
        #expect(try Self.blobs(kitchen).count < before.count)
        let index = try JSONValue.parse(try Files.read(kitchen.store.appending("index.json")))
        let names = index["manifests"]?.arrayValue?.compactMap {
            $0["annotations"]?[ContentDescriptor.referenceNameKey]?.stringValue
        }
        #expect(names == ["kitchen.site", "kitchen.site.2"])
        #expect(try await kitchen.run("fsck").contains(": all good\n"))
        #expect(try await kitchen.bake().values.allSatisfy { $0 == "cached" })
        try kitchen.work.write(Self.site("one"), to: "Bakefile")
        _ = try await kitchen.bake()
        #expect(try kitchen.identity(of: "site").version == "1")
        #expect(try await kitchen.run("fsck").contains(": all good\n"))
    }

    @Test func `a dry run writes nothing`() async throws {
        let kitchen = try await Self.kitchen()
        let list = ["-c", "find . -printf '%p %s %T@\\n' | sort"]
        let before = try await runTool("sh", list, in: kitchen.store)
        _ = try await kitchen.run("gc", "--dry-run", "--keep", "releases=1")
        #expect(try await runTool("sh", list, in: kitchen.store).text == before.text)
        _ = try await kitchen.run("fsck")
        #expect(try await runTool("sh", list, in: kitchen.store).text == before.text)
    }

    @Test func `gives up waiting for a bake with status 8`() async throws {
        let kitchen = try await Self.kitchen()
        let lock = try FileLock.acquire(kitchen.store.appending("ovenbird/locks/bakes"), .shared)
        let result = try await kitchen.ovenbird(["gc", "--wait", "0"])
        lock.release()
        #expect(result.status == 8)
        #expect(result.error.contains("error: bakes have used the store"))
        #expect(result.error.contains("fix: try again later, or wait longer with '--wait'"))
    }

    /// What is made has no name for a while, and would be taken for garbage.
    @Test(arguments: [["bake"], ["export", "site", "--compression", "gzip-1", "--to", "layout"]])
    func `is waited for by what makes something`(arguments: [String]) async throws {
        let kitchen = try await Self.kitchen()
        // Holds the lock as a collection does, until the command says that it waits.
        let script = """
            exec 9>'\(kitchen.store)/ovenbird/locks/bakes'
            flock --exclusive 9
            mkfifo messages
            "$@" 2>messages 9>&- &
            while read -r line; do
                echo "$line"
                case $line in *"waiting for 'ovenbird gc'"*) flock --unlock 9 ;; esac
            done <messages
            wait $!
            """
        let result = try await kitchen.ovenbird(arguments, through: ["sh", "-c", script, "sh"])
        #expect(result.status == 0, "\(result.text)")
        #expect(result.text.contains("waiting for 'ovenbird gc' on '\(kitchen.store)'\n"), "\(result.text)")
    }

    @Test(arguments: ["releases", "releases=-1", "days=x", "sometimes=1"])
    func `refuses what it cannot keep`(what: String) async throws {
        let kitchen = try await Kitchen(Self.site("one"))
        let result = try await kitchen.ovenbird(["gc", "--keep", what])
        #expect(result.status == 2)
        #expect(result.error.contains("'\(what)' is invalid for '--keep <what>'"))
    }
}
