import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import MachineImages

struct KeptImageTests {
    let work: TemporaryFolder

    init() throws {
        work = try TemporaryFolder()
        for name in ["boot.img", "ext2.mod"] { try work.write(name, to: "modules/\(name)") }
        try work.write("program", to: "grub-mkimage")
    }

    private func kept(_ ways: [String] = ["search", "--format"], modules: String = "modules") throws -> KeptImage {
        try #require(
            KeptImage(in: work.file("cache"), of: ways, program: work.file("grub-mkimage"), work.file(modules))
        )
    }

    @Test func `an image is found where all that it depends on is the same`() throws {
        let image = Array("an image of GRUB".utf8)
        #expect(try kept().bytes() == nil)
        try kept().keep(image)
        #expect(try kept().bytes() == image)
        #expect(try kept(["search", "--form", "at"]).bytes() == nil)
        #expect(try kept(["search--format"]).bytes() == nil)
    }

    @Test(arguments: ["modules/ext2.mod", "modules/fat.mod", "grub-mkimage"])
    func `another file of GRUB is another image`(_ name: String) throws {
        try kept().keep([1, 2, 3])
        try work.write("of a later version", to: name)
        #expect(try kept().bytes() == nil)
    }

    @Test func `a damaged image is none`() throws {
        try kept().keep(Array(repeating: 7, count: 1000))
        let name = try #require(try Files.names(in: work.file("cache")).first)
        let path = work.file("cache").appending(name)
        for damage in [Array(try Files.read(path).dropLast()), Array("short".utf8), []] {
            try AtomicFile.write(damage, to: path)
            #expect(try kept().bytes() == nil)
        }
        try kept().keep([4])
        #expect(try kept().bytes() == [4])
    }

    @Test func `what cannot be examined has no image`() {
        let cache = work.file("cache")
        #expect(KeptImage(in: cache, of: [], program: nil, work.file("modules")) == nil)
        #expect(KeptImage(in: cache, of: [], program: work.file("grub-mkimage"), work.file("absent")) == nil)
    }
}
