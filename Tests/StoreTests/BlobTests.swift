import Glibc
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct BlobTests {
    private let folder: TemporaryFolder
    private let store: ArtifactStore
    private let hello = Digester.digest(of: "hello")

    init() throws {
        folder = try TemporaryFolder()
        store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
    }

    private func temporaryNames() throws -> [String] { try Files.names(in: store.temporaryFolder).map(\.string) }

    @Test func `writes piece by piece and reads back verified`() throws {
        let writer = try store.makeBlobWriter()
        try writer.write(Array("hel".utf8))
        #expect(!store.hasBlob(hello))
        try writer.write(Array("lo".utf8))
        #expect(writer.count == 5)
        let blob = try writer.finish(expecting: hello, size: 5)
        #expect(blob == StoredBlob(digest: hello, size: 5))
        #expect(store.blobSize(hello) == 5)
        #expect(!store.hasBlob(hello, size: 4))
        #expect(try store.readBlob(hello) == Array("hello".utf8))
        #expect(try store.blobs() == [hello])
        #expect(try store.openBlob(hello, verify: true).readAll(limit: 10) == Array("hello".utf8))
        #expect(try temporaryNames().isEmpty)
    }

    @Test func `what is not what was announced leaves nothing`() throws {
        let other = Digester.digest(of: "other")
        let wrong = try store.makeBlobWriter()
        try wrong.write(Array("hello".utf8))
        let error = #expect(throws: StoreError.self) { try wrong.finish(expecting: other) }
        #expect(error?.description == "expected content '\(other)', found '\(hello)'")
        let short = try store.makeBlobWriter()
        try short.write(Array("hello".utf8))
        let sizeError = #expect(throws: StoreError.self) { try short.finish(expecting: hello, size: 6) }
        #expect(sizeError?.description == "expected 6 bytes, found 5")
        let long = try store.makeBlobWriter(limit: 4)
        #expect(throws: SystemError.self) { try long.write(Array("hello".utf8)) }
        long.discard()
        #expect(try store.blobs().isEmpty)
        #expect(try temporaryNames().isEmpty)
    }

    @Test func `a writer that is dropped leaves nothing`() throws {
        try { try store.makeBlobWriter().write([1, 2, 3]) }()
        #expect(try temporaryNames().isEmpty)
    }

    @Test func `row 28: damage is found before the end of the reading`() throws {
        try store.putBlob(Array("hello".utf8))
        let place = store.blobPath(hello)
        try AtomicFile.write(Array("hellO".utf8), to: place)
        let error = #expect(throws: StoreError.self) { try store.readBlob(hello) }
        #expect(
            error?.description
                == "the blob '\(hello)' is damaged: its content has the digest '\(Digester.digest(of: "hellO"))'"
        )
        #expect(throws: StoreError.self) { try store.openBlob(hello, verify: true) }
        try AtomicFile.write(Array("hell".utf8), to: place)
        let short = #expect(throws: StoreError.self) { try store.verify(hello, size: 5) }
        #expect(short?.description == "the blob '\(hello)' is damaged: it has 4 bytes, not 5")
        try AtomicFile.write(Array("hello\0".utf8), to: place)
        let long = #expect(throws: StoreError.self) { try store.verify(hello, size: 5) }
        #expect(long?.description == "the blob '\(hello)' is damaged: it has more bytes, not 5")
    }

    @Test func `row 28: a truncated blob is replaced by the whole one`() throws {
        try store.putBlob(Array("hello".utf8))
        try AtomicFile.write(Array("he".utf8), to: store.blobPath(hello))
        try store.putBlob(Array("hello".utf8))
        try store.verify(hello, size: 5)
        try AtomicFile.write([], to: store.blobPath(hello))
        let file = try folder.write("hello", to: "finished")
        try store.adopt(file: file)
        try store.verify(hello, size: 5)
    }

    @Test(arguments: ["putBlob", "writer", "adopt"])
    func `a damaged blob of the right size is replaced by good bytes`(way: String) throws {
        try store.putBlob(Array("hello".utf8))
        try AtomicFile.write(Array("hellO".utf8), to: store.blobPath(hello))
        #expect(try !store.hasIntactBlob(hello))
        switch way {
        case "putBlob": try store.putBlob(Array("hello".utf8))
        case "writer":
            let writer = try store.makeBlobWriter()
            try writer.write(Array("hello".utf8))
            _ = try writer.finish()
        default: try store.adopt(file: try folder.write("hello", to: "finished"))
        }
        try store.verify(hello, size: 5)
        #expect(try store.hasIntactBlob(hello))
        #expect(try temporaryNames().isEmpty)
    }

    @Test func `a small blob that is there and intact keeps its file`() throws {
        try store.putBlob(Array("hello".utf8))
        let before = try FileStatus.ofExisting(store.blobPath(hello))
        try store.putBlob(Array("hello".utf8))
        #expect(try FileStatus.ofExisting(store.blobPath(hello)) == before)
    }

    @Test func `what is refused before its end becomes no blob`() throws {
        struct Refusal: Error {}
        let writer = try store.makeBlobWriter()
        try writer.write(Array("hello".utf8))
        #expect(throws: Refusal.self) {
            try writer.finish { file in
                #expect(try file.status().size == 5)
                throw Refusal()
            }
        }
        #expect(try store.blobs().isEmpty)
        #expect(try temporaryNames().isEmpty)
    }

    @Test func `adopts a finished file`() throws {
        let file = try folder.write("hello", to: "finished")
        #expect(throws: StoreError.unexpectedSize(expected: 7, found: 5)) { try store.adopt(file: file, size: 7) }
        #expect(throws: StoreError.self) { try store.adopt(file: file, expecting: Digester.digest(of: "other")) }
        #expect(Files.exists(file))
        #expect(try store.adopt(file: file, expecting: hello) == StoredBlob(digest: hello, size: 5))
        #expect(!Files.exists(file))
        try store.verify(hello)
        try folder.write("hello", to: "finished")
        try store.adopt(file: file)
        #expect(!Files.exists(file))
    }

    @Test func `adopts a file from another file system`() throws {
        let other = FilePath("/dev/shm/ovenbird-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
        guard (try? AtomicFile.write(Array("hello".utf8), to: other)) != nil else { return }
        defer { try? Files.removeFile(other) }
        #expect(try store.adopt(file: other).digest == hello)
        #expect(!Files.exists(other))
        try store.verify(hello)
    }

    @Test func `says which blob is missing`() throws {
        let error = #expect(throws: StoreError.self) { try store.readBlob(hello) }
        #expect(error?.description == "the store has no blob '\(hello)'")
        try store.putBlob(Array("hello".utf8))
        try store.removeBlob(hello)
        try store.removeBlob(hello)
        #expect(!store.hasBlob(hello))
    }

    @Test func `small blobs have a limit`() throws {
        try store.putBlob(Array("hello".utf8))
        let error = #expect(throws: SystemError.self) { try store.readBlob(hello, limit: 4) }
        #expect(error?.code == .fileTooLarge)
    }

    @Test func `two writers of the same content at once`() async throws {
        let content = [UInt8](repeating: 7, count: 300_000)
        try await withThrowingTaskGroup(of: StoredBlob.self) { group in
            for _ in 0..<8 {
                group.addTask { [store] in
                    try await BlockingPool.shared.run {
                        let writer = try store.makeBlobWriter()
                        for start in stride(from: 0, to: content.count, by: 1000) {
                            try writer.write(Array(content[start..<min(start + 1000, content.count)]))
                        }
                        return try writer.finish()
                    }
                }
            }
            for try await blob in group { #expect(blob.digest == Digester.digest(of: content)) }
        }
        try store.verify(Digester.digest(of: content), size: 300_000)
        #expect(try temporaryNames().isEmpty)
    }
}
