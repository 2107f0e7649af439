import Disks
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import MachineImages

@Suite("What is noted of a snapshot") struct RegistrationJournalTests {
    @Test func `one that is complete has no progress, also where a run ends before it has noted that`() async throws {
        let folder = try TemporaryFolder()
        let store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
        let journal = RegistrationJournal(store, account: "111122223333", region: "eu-west-1")
        let lock = try await journal.lock()
        defer { lock.release() }
        var record = RegistrationRecord(
            name: "shop/base/1/0",
            project: "shop",
            image: "base",
            token: "token",
            started: 0,
            attempt: 0,
            map: BlockMap(size: 1 << 30, blocks: [])
        )
        record.snapshot = "snap-1"
        try journal.write(record)
        try journal.progress(record).write(Array("0\n".utf8))
        #expect(try journal.arrived(record) == [0])

        // The record cannot be put in the place of a folder.
        let place = store.registrationsFolder.appending("111122223333").appending("eu-west-1")
        try Files.removeFile(place.appending("token.json"))
        try Files.makeFolder(place.appending("token.json/in-the-way"))
        record.isComplete = true
        #expect(throws: SystemError.self) { try journal.complete(record) }
        #expect(try Files.names(in: place).map(\.string).sorted() == ["lock", "token.json"])
    }
}
