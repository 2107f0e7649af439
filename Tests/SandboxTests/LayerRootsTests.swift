import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

@Suite("Keeping unpacked layers")
struct LayerRootsTests {
    /// A layer of one entry; without the folders above it when `isImplied`.
    private func layer(_ folder: TemporaryFolder, _ path: String, isImplied: Bool = false) async throws
        -> SandboxJob.Layer
    {
        let name = "tree-\(UInt64.random(in: 0...UInt64.max))"
        try folder.write("content of \(path)\n", to: "\(name)/\(path)")
        let tar = folder.file("\(name).tar")
        try await requireTool(
            "tar",
            [
                "--sort=name", "--mtime=@5", "--owner=\(geteuid() == 0 ? 33 : 0)", "--group=0", "--numeric-owner",
                "-cf",
                tar.string, "-C", folder.file(name).string, isImplied ? path : ".",
            ]
        )
        return SandboxJob.Layer(diffID: Digester.digest(of: try Files.read(tar)), blob: tar)
    }

    private func names(_ folder: FilePath) throws -> [String] {
        try Files.names(in: folder).map(\.string).filter { !$0.hasSuffix(".lock") }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root")) func `a layer is unpacked once, into a private folder`()
        async throws
    {
        let folder = try TemporaryFolder()
        let layer = try await layer(folder, "etc/one")
        let roots = try LayerRoots(folder: folder.file("roots"), isInUserNamespace: false)
        let first = try roots.prepare([layer])
        let made = try FileStatus.ofExisting(first[0].path)
        let second = try roots.prepare([layer])
        #expect(try FileStatus.ofExisting(second[0].path)?.inode == made?.inode)
        #expect(try names(folder.file("roots")) == [layer.diffID.hex])
        #expect(try FileStatus.ofExisting(folder.file("roots"))?.mode == 0o700)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func `what a killed process left half made is never used`() async throws {
        let folder = try TemporaryFolder()
        let layer = try await layer(folder, "etc/one")
        try folder.write("half", to: "roots/\(layer.diffID.hex).tmp/etc/half")
        let held = try LayerRoots(folder: folder.file("roots"), isInUserNamespace: false).prepare([layer])
        #expect(try names(held[0].path.appending("etc")) == ["one"])
        #expect(try names(folder.file("roots")) == [layer.diffID.hex])
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func `a layer that takes folders from below is kept for what is below`() async throws {
        let folder = try TemporaryFolder()
        let base = try await layer(folder, "etc/conf/one")
        let other = try await layer(folder, "etc/conf/two")
        let top = try await layer(folder, "etc/conf/three", isImplied: true)
        let roots = try LayerRoots(folder: folder.file("roots"), isInUserNamespace: false)
        let over = try roots.prepare([base, top])[1]
        let elsewhere = try roots.prepare([other, top])[1]
        #expect(over.path != elsewhere.path)
        #expect(over.path.lastComponent?.string != top.diffID.hex)
        // The folder that the layer only implies looks as it does below.
        #expect(try FileStatus.ofExisting(over.path.appending("etc"))?.owner == 33)
        #expect(try roots.prepare([base, top])[1].path == over.path)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func `many who want the same layer at once get the same folder`() async throws {
        let folder = try TemporaryFolder()
        let layer = try await layer(folder, "etc/one")
        let place = folder.file("roots")
        let inodes = try await withThrowingTaskGroup(of: UInt64?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await BlockingPool.shared.run {
                        let held = try LayerRoots(folder: place, isInUserNamespace: false).prepare([layer])
                        return try FileStatus.ofExisting(held[0].path)?.inode
                    }
                }
            }
            return try await group.reduce(into: Set<UInt64?>()) { $0.insert($1) }
        }
        #expect(inodes.count == 1)
        #expect(!inodes.contains(nil))
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func `a layer that was unpacked with nothing below is not taken for the layer over others`() async throws {
        let folder = try TemporaryFolder()
        let top = try await layer(folder, "lib/foo", isImplied: true)
        try folder.write("x", to: "merged/usr/lib/bar")
        #expect(symlink("usr/lib", folder.file("merged/lib").string) == 0)
        let tar = folder.file("merged.tar")
        try await requireTool("tar", ["-cf", tar.string, "-C", folder.file("merged").string, "."])
        let base = SandboxJob.Layer(diffID: Digester.digest(of: try Files.read(tar)), blob: tar)
        let roots = try LayerRoots(folder: folder.file("roots"), isInUserNamespace: false)
        let alone = try roots.prepare([top])[0]
        #expect(try names(alone.path) == ["lib"])
        let over = try roots.prepare([base, top])[1]
        // A real folder 'lib' would hide the symlink.
        #expect(try names(over.path) == ["usr"])
        #expect(try names(over.path.appending("usr/lib")) == ["foo"])
        #expect(try roots.prepare([top])[0].path == alone.path)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root")) func `a damaged layer is not unpacked`() async throws {
        let folder = try TemporaryFolder()
        let layer = try await layer(folder, "etc/one")
        var bytes = try Files.read(layer.blob)
        let place = try #require(bytes.firstRange(of: Array("content of".utf8)))
        bytes[place.lowerBound] ^= 1
        try AtomicFile.write(bytes, to: layer.blob)
        let roots = try LayerRoots(folder: folder.file("roots"), isInUserNamespace: false)
        let error = #expect(throws: SandboxError.self) { try roots.prepare([layer]) }
        #expect(
            error?.description
                == """
                the layer '\(layer.diffID)' is damaged
                  why: its content has the digest '\(Digester.digest(of: bytes))'
                  fix: remove the file '\(layer.blob)', and bake again: what is missing is made anew
                """
        )
        #expect(try names(folder.file("roots")).isEmpty)
    }
}
