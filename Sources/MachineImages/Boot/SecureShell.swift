import Glibc
import Subprocess
import SystemIO
package import SystemPackage

/// A login to a booted machine by SSH, with a key that lasts as long as the machine.
package struct SecureShell: Sendable {
    private let user: String
    /// The file with the private key.
    private let key: FilePath
    private let program: FilePath
    /// What the machine has to accept: a line of `authorized_keys`.
    package let publicKey: String

    /// Makes the key in a folder of its own.
    ///
    /// Throws `VirtualMachineError` where this computer has no SSH.
    package init(for user: String, in folder: FilePath, search: String?) async throws {
        func place(_ name: String) throws -> FilePath {
            let program = DiskProgram(name: name, package: "openssh-client")
            guard let place = program.place(search: search) else { throw VirtualMachineError.missing(program.package) }
            return place
        }
        self.user = user
        program = try place("ssh")
        key = folder.appending("key")
        let made = try await Subprocess.run(
            .path(try place("ssh-keygen")),
            arguments: ["-q", "-t", "ed25519", "-N", "", "-C", "ovenbird", "-f", key.string],
            output: .discarded,
            error: .string(limit: 1 << 16)
        )
        guard made.terminationStatus.isSuccess else {
            throw VirtualMachineError.failed("ssh-keygen: \(words(made.standardError, "it gave no reason"))")
        }
        let text = String(decoding: try Files.read(FilePath("\(key).pub"), limit: 1 << 16), as: UTF8.self)
        publicKey = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }

    /// Whether the machine lets the user in, at the port of 127.0.0.1 that leads to its own.
    package func isLetIn(at port: UInt16) async throws -> Bool {
        let asked = try await Subprocess.run(
            .path(program),
            arguments: Arguments(options(port) + ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", place, "true"]),
            output: .discarded,
            error: .discarded
        )
        try Task.checkCancellation()
        return asked.terminationStatus.isSuccess
    }

    /// Gives this process's terminal to a session, until that ends.
    package func session(at port: UInt16) async throws {
        _ = try await Subprocess.run(
            .path(program),
            arguments: Arguments(options(port) + [place]),
            input: .fileDescriptor(FileDescriptor(rawValue: STDIN_FILENO), closeAfterSpawningProcess: false),
            output: .fileDescriptor(FileDescriptor(rawValue: STDOUT_FILENO), closeAfterSpawningProcess: false),
            error: .fileDescriptor(FileDescriptor(rawValue: STDERR_FILENO), closeAfterSpawningProcess: false)
        )
    }

    private var place: String { "\(user)@127.0.0.1" }

    /// The machine is new at each boot, so nobody knows its host keys, and nobody else is at the port.
    private func options(_ port: UInt16) -> [String] {
        [
            "-F", "/dev/null", "-i", key.string, "-p", "\(port)", "-o", "IdentitiesOnly=yes", "-o",
            "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
        ]
    }
}
