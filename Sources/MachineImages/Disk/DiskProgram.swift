import Subprocess
import SystemIO
import SystemPackage

/// A program of the host that makes a part of a disk.
struct DiskProgram {
    let name: String
    /// The Debian package that has it.
    let package: String

    static let grub = DiskProgram(name: "grub-mkimage", package: "grub-common")
    static let makeFAT = DiskProgram(name: "mkfs.vfat", package: "dosfstools")
    static let makeFolder = DiskProgram(name: "mmd", package: "mtools")
    static let copy = DiskProgram(name: "mcopy", package: "mtools")
    static let copySections = DiskProgram(name: "objcopy", package: "binutils")
    /// Not for the disk itself, but for other forms of it.
    static let convert = DiskProgram(name: "qemu-img", package: "qemu-utils")

    /// Where it is; an ordinary user's search path need not have the folders of the administrator's programs.
    func place(search: String?) -> FilePath? {
        let folders = (search ?? "/usr/bin:/bin").split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
        return folders.map { FilePath("\($0)/\(name)") }.first { Files.exists($0) }
    }

    /// Runs it to its end.
    ///
    /// `time` is the clock that it gets, seconds since 1970.
    func run(_ arguments: [String], time: Int64, search: String?) async throws {
        guard let program = place(search: search) else { throw MachineDiskError.missing([package]) }
        // A FAT file system knows no year before 1980.
        let time = max(time, 315_532_800)
        let result: ExecutionResult<Void, StringOutput<UTF8>, StringOutput<UTF8>>
        do {
            result = try await Subprocess.run(
                .path(program),
                arguments: Arguments(arguments),
                environment: .custom([
                    "LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": "\(time)",
                    "MTOOLS_SKIP_CHECK": "1",
                    "MTOOLSRC": "/dev/null",
                ]),
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw MachineDiskError.program(name: name, words: "\(error)")
        }
        try Task.checkCancellation()
        guard result.terminationStatus.isSuccess else {
            throw MachineDiskError.program(name: name, words: words(result.standardError, result.standardOutput))
        }
    }
}

/// What a program said, on one line; of its errors if there are any.
func words(_ error: String, _ output: String) -> String {
    let text = error.contains { !$0.isWhitespace } ? error : output
    return text.split { $0.isNewline }.map(String.init).joined(separator: "; ")
}
