import SystemIO
import SystemPackage
import TestSupport
import Testing

/// When a file system has no room left.
@Suite("The room of a file system")
struct FileSystemRoomTests {
    @Test func `of these tests is not used up, and what cannot be known is not either`() throws {
        let folder = try TemporaryFolder()
        #expect(!FileSystemRoom.isUsedUp(at: folder.path))
        #expect(!FileSystemRoom.isUsedUp(at: folder.file("missing")))
    }
}
