import Rollouts
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct GitStateTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func git(_ arguments: String...) async throws {
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
        try await requireTool("git", identity + arguments, in: folder.path)
    }

    private func makeRepository() async throws {
        try folder.write("one\n", to: "a.txt")
        try folder.write("two\n", to: "images/b.txt")
        try await git("init", "-q")
        try await git("add", ".")
        try await git("commit", "-q", "-m", "first")
    }

    @Test func `no repository is no state`() async throws {
        #expect(try await GitState.read(folder.path) == nil)
    }

    @Test func `a repository without a commit`() async throws {
        try await git("init", "-q")
        #expect(try await GitState.read(folder.path) == GitState(commit: nil, branch: "main"))
    }

    @Test func `a clean work tree, from a folder in it`() async throws {
        try await makeRepository()
        let state = try #require(try await GitState.read(folder.file("images")))
        let commit = try await requireTool("git", ["rev-parse", "HEAD"], in: folder.path).prefix(40)
        #expect(state == GitState(commit: String(commit), branch: "main", name: String(commit.prefix(12))))
        #expect(!state.isDirty)
    }

    @Test func `changes are named, a tag counts, a detached head has no branch`() async throws {
        try await makeRepository()
        try await git("tag", "release/1.0")
        try await git("commit", "-q", "--allow-empty", "-m", "second")
        try await git("checkout", "-q", "--detach")
        try folder.write("changed\n", to: "images/b.txt")
        try folder.write("new\n", to: "with space é.txt")
        try Files.removeFile(folder.file("a.txt"))
        let state = try #require(try await GitState.read(folder.path))
        #expect(state.changes == ["a.txt", "images/b.txt", "with space é.txt"])
        #expect(state.branch == nil)
        #expect(state.name?.hasPrefix("release-1.0-1-g") == true)
        #expect(state.isDirty)
    }

    /// DESIGN 5: a plan writes nothing; the index must not be refreshed, though a file's times make git want to.
    @Test func `reading writes nothing`() async throws {
        try await makeRepository()
        try await requireTool("touch", ["-d", "2001-01-01", "a.txt"], in: folder.path)
        let listing = [
            "-c", "find . -printf '%p %T@ %C@ %i %s\\n' | sort; find .git -type f | sort | xargs cat | sha256sum",
        ]
        let before = try await requireTool("sh", listing, in: folder.path)
        let state = try await GitState.read(folder.path)
        #expect(state?.isDirty == false)
        #expect(try await requireTool("sh", listing, in: folder.path) == before)
    }

    @Test func `a repository that git refuses says why`() async throws {
        try await makeRepository()
        try folder.write("nonsense\n", to: ".git/HEAD")
        let error = await #expect(throws: GitFailure.self) { try await GitState.read(folder.path) }
        #expect(error?.description.hasPrefix("git status: fatal: ") == true)
    }
}
