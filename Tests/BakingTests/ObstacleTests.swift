import Layers
import Sandbox
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Baking

/// Which failures are the world's, and what is said of them.
@Suite("Obstacles")
struct ObstacleTests {
    private let folder: TemporaryFolder
    private let store: ArtifactStore

    init() throws {
        folder = try TemporaryFolder()
        store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
    }

    private let room =
        "make room, for instance with 'ovenbird gc', or choose another store with '--store', and bake again"
    private let mount = "choose another store with '--store', or mount it so that it can be written"

    @Test(arguments: [Errno.noSpace, Errno(rawValue: 122)])
    func `a full disk or quota, met anywhere`(code: Errno) throws {
        let error = SystemError("write", "/disk/file", code)
        let full = "the disk is full, or has no room for more files"
        #expect(
            try #require(Obstacle(error, in: store)).description
                == "cannot write '/disk/file': \(code)\n  why: \(full)\n  fix: \(room)"
        )
        let layer = try #require(Obstacle(LayerError(error, "layer"), in: store))
        #expect(layer.why == full)
        let sandbox = SandboxError(.system, "while packing: \(error)", cause: SandboxError.Cause(error))
        #expect(
            try #require(Obstacle(sandbox, in: store)).description
                == "while packing: cannot write '/disk/file': \(code)\n  why: \(full)\n  fix: \(room)"
        )
        #expect(try #require(Obstacle(StoreError.indexFull(path: "x"), in: store)).fix == room)
    }

    @Test func `a file system that may only be read`() throws {
        let error = SystemError("make", "/disk/file", .readOnlyFileSystem)
        for error: any Error in [error, SandboxError(.system, "x", cause: SandboxError.Cause(error))] {
            let obstacle = try #require(Obstacle(error, in: store))
            #expect(obstacle.why == "its file system may only be read")
            #expect(obstacle.fix == mount)
        }
    }

    @Test func `a store that is taken away`() throws {
        try Files.removeFile(store.path.appending("oci-layout"))
        let obstacle = try #require(Obstacle(SystemError("open", "/x", .noSuchFileOrDirectory), in: store))
        #expect(obstacle.why == "the store '\(store.path)' was removed while the bake ran")
        #expect(obstacle.fix == "bake again, which makes a new one")
    }

    @Test func `not a step's own failure, nor an end that was asked for`() {
        #expect(Obstacle(StepError("ended with exit status 1"), in: store) == nil)
        #expect(Obstacle(SandboxError(.step, "no such user"), in: store) == nil)
        #expect(Obstacle(SystemError("open", "/x", .permissionDenied), in: store) == nil)
        #expect(Obstacle(CancellationError(), in: store) == nil)
    }

    @Test func `only the first is told of`() throws {
        let first = FirstObstacle()
        let obstacle = try #require(Obstacle(SystemError("write", "/a", .noSpace), in: store))
        #expect(first.claim(obstacle))
        #expect(!first.claim(obstacle))
        #expect(first.value == obstacle)
    }
}
