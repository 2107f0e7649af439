import Subprocess
import SystemPackage

/// A program of the host that makes a part of a disk.
struct DiskProgram {
    let name: String
    /// The Debian packages that have it and what it needs.
    let packages: String

    static let grub = DiskProgram(name: "grub-mkimage", packages: "grub-common grub-pc-bin grub-efi-amd64-bin")
    static let makeFAT = DiskProgram(name: "mkfs.vfat", packages: "dosfstools")
    static let makeFolder = DiskProgram(name: "mmd", packages: "mtools")
    static let copy = DiskProgram(name: "mcopy", packages: "mtools")

    /// Runs it to its end.
    ///
    /// `time` is the clock that it gets, seconds since 1970.
    func run(_ arguments: [String], time: Int64, search: String?) async throws {
        // An ordinary user's search path need not have the folders of the administrator's programs.
        let path = [search ?? "/usr/bin:/bin", "/usr/sbin", "/sbin"].joined(separator: ":")
        // A FAT file system knows no year before 1980.
        let time = max(time, 315_532_800)
        let result: ExecutionResult<Void, StringOutput<UTF8>, StringOutput<UTF8>>
        do {
            result = try await Subprocess.run(
                .name(name),
                arguments: Arguments(arguments),
                environment: .custom([
                    "PATH": path, "LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": "\(time)",
                    "MTOOLS_SKIP_CHECK": "1",
                    "MTOOLSRC": "/dev/null",
                ]),
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
        } catch {
            throw MachineDiskError.noProgram(name: name, packages: packages)
        }
        guard result.terminationStatus.isSuccess else {
            throw MachineDiskError.program(name: name, words: words(result.standardError, result.standardOutput))
        }
    }
}

/// What a program said, on one line; of its errors if there are any.
private func words(_ error: String, _ output: String) -> String {
    let text = error.contains { !$0.isWhitespace } ? error : output
    return text.split { $0.isNewline }.map(String.init).joined(separator: "; ")
}
