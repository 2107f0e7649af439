import Store
import SystemIO
import TestSupport
import Testing

@Suite("Tests that images passed") struct PassedTestsTests {
    private let image = Digester.digest(of: "image")
    private let one = Digester.digest(of: "one")
    private let other = Digester.digest(of: "other")

    @Test func `are known of the image alone, and stay as they are for whoever wants one state`() throws {
        let folder = try TemporaryFolder()
        let store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
        let second = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
        try store.recordPassedTests([one], of: image)
        try store.recordPassedTests([one], of: image)
        #expect(try store.passedTests(of: image) == [one])
        #expect(try store.passedTests(of: other).isEmpty)
        let seen = try store.keepingState {
            let before = try store.passedTests(of: image)
            try second.recordPassedTests([other], of: image)
            return [before, try store.passedTests(of: image), try second.passedTests(of: image)]
        }
        #expect(seen == [[one], [one], [one, other]])
        #expect(try store.passedTests(of: image) == [one, other])
    }

    @Test func `go with an image that is collected`() throws {
        let folder = try TemporaryFolder()
        let store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
        try store.recordPassedTests([one, other], of: image)
        let garbage = try store.garbage(beside: KeepRule(), now: 0)
        #expect(garbage.recordCount == 1)
        _ = try store.collect(garbage)
        #expect(try store.passedTests(of: image).isEmpty)
    }
}
