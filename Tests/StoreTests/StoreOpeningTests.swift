import Glibc
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct StoreOpeningTests {
    @Test func `the default place follows the environment`() {
        #expect(
            ArtifactStore.defaultPath(environment: ["OVENBIRD_STORE": "/s", "XDG_DATA_HOME": "/x", "HOME": "/h"])
                == "/s"
        )
        #expect(ArtifactStore.defaultPath(environment: ["OVENBIRD_STORE": "rel"]) == "rel")
        #expect(ArtifactStore.defaultPath(environment: ["XDG_DATA_HOME": "/x", "HOME": "/h"]) == "/x/ovenbird")
        #expect(
            ArtifactStore.defaultPath(environment: ["OVENBIRD_STORE": "", "XDG_DATA_HOME": "rel", "HOME": "/h"])
                == "/h/.local/share/ovenbird"
        )
        #expect(ArtifactStore.defaultPath(environment: [:]) == nil)
    }

    @Test func `creates the layout, and opens it again`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("deep/store")
        _ = try ArtifactStore.open(at: path, mode: .readWrite)
        #expect(try Files.read(path.appending("oci-layout")) == Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
        #expect(
            try Files.read(path.appending("index.json"))
                == Array(
                    #"{"manifests":[],"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}"#.utf8
                )
        )
        let names = ["blobs/sha256", "ovenbird/index.sqlite", "ovenbird/locks", "ovenbird/tmp", "ovenbird/listings"]
        for name in names { #expect(Files.exists(path.appending(name)), "\(name)") }
        let again = try ArtifactStore.open(at: path, mode: .readWrite)
        #expect(again.exists)
        #expect(again.rootsFolder(.mapped) == path.appending("ovenbird/roots/mapped"))
    }

    @Test func `several processes may create it at once`() async throws {
        let folder = try TemporaryFolder()
        for round in 0..<40 {
            let path = try folder.makeFolder("store-\(round)")
            try await withThrowingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await BlockingPool.shared.run { _ = try ArtifactStore.open(at: path, mode: .readWrite) }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a missing store knows nothing and is not created`() throws {
        let folder = try TemporaryFolder()
        let digest = Digester.digest(of: "x")
        let store = try ArtifactStore.open(at: folder.file("none"), mode: .readOnly)
        #expect(!store.exists)
        #expect(try store.stepResult(contentKey: digest) == nil)
        #expect(try store.stepResults(definitionKey: digest).isEmpty)
        #expect(try store.fileDigest("/file") == nil)
        try store.forEachSeenInput(under: "/") { path, _ in Issue.record("\(path) is known") }
        #expect(try store.references().isEmpty)
        #expect(try store.blobs().isEmpty)
        #expect(try store.images().isEmpty)
        #expect(try store.versions(project: "p").isEmpty)
        #expect(try store.releases(project: "p").isEmpty)
        #expect(try store.bakes(project: "p").isEmpty)
        #expect(try store.bakedSteps(project: "p").isEmpty)
        #expect(try !store.forEachPart(ofInputListing: digest) { _ in true })
        #expect(!store.hasBlob(digest))
        #expect(throws: StoreError.blobMissing(digest)) { try store.openBlob(digest) }
        #expect(try Files.names(in: folder.path).isEmpty)
    }

    @Test func `a store opened for reading refuses to be changed`() throws {
        let folder = try TemporaryFolder()
        let store = try ArtifactStore.open(at: folder.path, mode: .readOnly)
        let error = #expect(throws: StoreError.self) { try store.putBlob([1]) }
        #expect(error?.description == "cannot write a blob: the store was opened for reading only")
        #expect(throws: StoreError.openedForReading(action: "start a bake")) {
            try store.beginBake(id: "1", project: "p", at: 0)
        }
    }

    @Test func `refuses a folder that holds other things`() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", to: "thesis.tex")
        let error = #expect(throws: StoreError.self) { try ArtifactStore.open(at: folder.path, mode: .readWrite) }
        #expect(error?.description == "'\(folder.path)' is not a store: the folder holds other things")
        #expect(try Files.names(in: folder.path).count == 1)
    }

    @Test func `refuses a layout that it does not know`() throws {
        let folder = try TemporaryFolder()
        try folder.write(#"{"imageLayoutVersion":"2.0.0"}"#, to: "oci-layout")
        let error = #expect(throws: StoreError.self) { try ArtifactStore.open(at: folder.path, mode: .readWrite) }
        #expect(
            error?.description
                == "'\(folder.path)' is not a store: its 'oci-layout' has version '2.0.0', and only 1.0.0 is known"
        )
    }

    @Test(arguments: [ArtifactStore.Mode.readOnly, .readWrite])
    func `refuses the store of a newer program`(mode: ArtifactStore.Mode) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("store")
        try withExtendedLifetime(ArtifactStore.open(at: path, mode: .readWrite)) {}
        try setFormat(99, in: path)
        let error = #expect(throws: StoreError.self) { try ArtifactStore.open(at: path, mode: mode) }
        #expect(
            error?.description
                == "the store '\(path)' has format 99, and this program knows formats up to 1: use a newer one"
        )
    }

    /// `user_version` is the big-endian number at offset 60 of the header: SQLite file format, section 1.3.
    private func setFormat(_ format: UInt8, in store: FilePath) throws {
        let file = store.appending("ovenbird/index.sqlite")
        var bytes = try Files.read(file)
        bytes.replaceSubrange(60..<64, with: [0, 0, 0, format])
        try AtomicFile.write(bytes, to: file)
    }

    @Test(arguments: [ArtifactStore.Mode.readOnly, .readWrite])
    func `says that the index is damaged`(mode: ArtifactStore.Mode) throws {
        let folder = try TemporaryFolder()
        try folder.write(String(repeating: "not a database ", count: 100), to: "ovenbird/index.sqlite")
        let error = #expect(throws: StoreError.self) { try ArtifactStore.open(at: folder.path, mode: mode) }
        #expect(
            error?.description
                == "the index '\(folder.file("ovenbird/index.sqlite"))' is damaged: file is not a database"
        )
    }
}
