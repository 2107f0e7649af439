import Baking
import Glibc
import SystemIO
import SystemPackage

/// A kernel, the initial file system and the arguments in one program, which firmware starts by itself.
///
/// Source: UAPI specifications, "Unified Kernel Image"; systemd-stub(7); PE/COFF specification, "File Headers".
struct UnifiedKernel {
    /// What the program gets, by the names of its sections, in files of their own.
    private let sections: [(name: String, content: FilePath)]

    /// Leaves the parts in a folder.
    init(_ boot: BootFiles, of root: ImageRoot, commandLine: String, in work: FilePath) throws {
        var sections: [(name: String, content: FilePath)] = []
        func add(_ name: String, _ fill: (Descriptor) throws -> Void) throws {
            let path = work.appending("kernel\(name)")
            let file = try Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            try fill(file)
            if try file.status().size > 0 { sections.append((name, path)) }
        }
        func addFile(_ name: String, _ path: String) throws {
            try add(name) { file in _ = try root.forEachPiece(of: path, limit: 1 << 30) { try file.write($0) } }
        }
        func release(_ path: String) throws -> [UInt8]? { try root.contents(of: path, limit: 1 << 20) }
        let system = try release("/etc/os-release") ?? release("/usr/lib/os-release") ?? []
        try add(".osrel") { try $0.write(system) }
        try add(".cmdline") { try $0.write(Array(commandLine.utf8)) }
        try addFile(".linux", "/\(boot.newest.path)")
        if let initrd = boot.newest.initrd { try addFile(".initrd", "/\(initrd)") }
        self.sections = sections
    }

    /// What starts the kernel that it is one file with: on amd64 only.
    static let stub = FilePath("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")

    /// Makes the program that firmware starts.
    func program(in work: FilePath, time: Int64, search: String?) async throws -> FilePath {
        let path = work.appending("kernel.efi")
        try await DiskProgram.copySections.run(try arguments(writing: path), time: time, search: search)
        return path
    }

    /// What makes `objcopy` put the parts behind those of the stub, one after another in memory.
    ///
    /// The time in its header stays that of the stub's, so that equal parts give equal programs.
    private func arguments(writing path: FilePath) throws -> [String] {
        let (base, end) = try Self.memory(of: Self.stub)
        var place = end
        var arguments = ["--preserve-dates"]
        for section in sections {
            place = (place + 4095) & ~4095
            arguments += ["--add-section", "\(section.name)=\(section.content)"]
            arguments += ["--change-section-vma", "\(section.name)=0x\(String(base + place, radix: 16))"]
            place += UInt64(try Descriptor.openForReading(section.content).status().size)
        }
        return arguments + [Self.stub.string, path.string]
    }

    /// Where a program lies in memory, and where it ends from there.
    private static func memory(of stub: FilePath) throws -> (base: UInt64, end: UInt64) {
        let bytes = try Descriptor.openForReading(stub).readAll(limit: 16 << 20)
        func number(at place: Int, bytes count: Int) -> UInt64 {
            guard place >= 0, place + count <= bytes.count else { return 0 }
            return bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        let header = Int(number(at: 0x3c, bytes: 4))
        let optional = header + 24
        guard number(at: header, bytes: 4) == 0x4550, number(at: optional, bytes: 2) == 0x20b else {
            throw MachineDiskError.program(name: stub.string, words: "it is no program for 64-bit firmware")
        }
        let table = optional + Int(number(at: header + 20, bytes: 2))
        let ends = (0..<Int(number(at: header + 6, bytes: 2))).map { section in
            let entry = table + 40 * section
            return number(at: entry + 12, bytes: 4)
                + max(number(at: entry + 8, bytes: 4), number(at: entry + 16, bytes: 4))
        }
        return (number(at: optional + 24, bytes: 8), ends.max() ?? 0)
    }
}
