import OCI
import Store
import SystemIO
import TestSupport
import Testing

@Suite struct VersionTests {
    private let folder: TemporaryFolder
    private let store: ArtifactStore

    init() throws {
        folder = try TemporaryFolder()
        store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
    }

    private func identity(_ number: Int) -> ImageIdentity { Digester.digest(of: "image \(number)") }

    private func assign(_ store: ArtifactStore, _ number: Int) throws -> VersionEntry {
        try store.assignVersion(project: "p", image: "web", identity: identity(number), at: 9) { ledger in
            String((ledger.last?.sequence ?? 0) + 1)
        }
    }

    @Test func `same content keeps its version, new content gets a new one`() throws {
        #expect(try assign(store, 1).version == "1")
        #expect(try assign(store, 2).version == "2")
        #expect(try assign(store, 1).version == "1")
        #expect(try store.versions(project: "p", image: "web").map(\.sequence) == [1, 2])
        #expect(try store.version(project: "p", image: "web", version: "2")?.identity == identity(2))
        #expect(try store.version(project: "p", image: "api", version: "2") == nil)
        #expect(try store.versions(project: "p", image: "web", identity: identity(1)).map(\.version) == ["1"])
        #expect(try store.versions(project: "q").isEmpty)
    }

    @Test func `a version is never given twice`() throws {
        _ = try assign(store, 1)
        let error = #expect(throws: StoreError.self) {
            try store.assignVersion(project: "p", image: "web", identity: identity(2), at: 9) { _ in "1" }
        }
        #expect(
            error?.description == "the version '1' of 'web' belongs to another image, '\(identity(1))'"
        )
        #expect(try store.versions(project: "p").count == 1)
        let other = try store.assignVersion(project: "p", image: "api", identity: identity(2), at: 9) { _ in "1" }
        #expect(other.sequence == 1)
    }

    @Test func `takes over another ledger whole or not at all`() throws {
        _ = try assign(store, 1)
        let entries = [1, 2, 3].map { number in
            VersionEntry(
                project: "p",
                image: "web",
                version: String(number),
                identity: identity(number),
                sequence: Int64(number),
                createdAt: 1
            )
        }
        try store.mergeVersions(entries)
        try store.mergeVersions(entries)
        #expect(try store.versions(project: "p").map(\.version) == ["1", "2", "3"])
        #expect(try assign(store, 4).version == "4")
        var conflict = entries
        conflict[0].version = "5"
        conflict[1].identity = identity(7)
        #expect(throws: StoreError.versionTaken(image: "web", version: "2", holder: identity(2))) {
            try store.mergeVersions(conflict)
        }
        #expect(try store.version(project: "p", image: "web", version: "5") == nil)
    }

    @Test func `several connections never give one version twice`() async throws {
        let path = store.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    try await BlockingPool.shared.run {
                        let own = try ArtifactStore.open(at: path, mode: .readWrite)
                        for number in 0..<25 { _ = try assign(own, worker * 100 + number) }
                    }
                }
            }
            try await group.waitForAll()
        }
        let ledger = try store.versions(project: "p", image: "web")
        #expect(ledger.map(\.sequence) == Array(1...100))
        #expect(Set(ledger.map(\.version)).count == 100)
    }
}
