import ArgumentParser
import Diagnostics
import Glibc
import Planning
import Registry
import SystemIO
import SystemPackage

/// Where a key is: a file, or an environment variable as `env:NAME`, whose value never stands in a list of processes.
struct KeyArgument: ExpressibleByArgument, Sendable {
    let text: String

    init(argument: String) { text = argument }

    private static let prefix = "env:"
    /// A key in PEM has some 250 bytes.
    private static let largest = 64 << 10

    /// A private key; of one that others may read, `warn` is told.
    func signingKey(environment: [String: String], warn: (Diagnostic) -> Void) throws -> SigningKey {
        do throws(KeyError) {
            let key = try SigningKey(pem: try pem(environment), name: text)
            if let warning = exposure { warn(warning) }
            return key
        } catch {
            throw InvalidInput(error.diagnostic())
        }
    }

    func verificationKey(environment: [String: String]) throws(KeyError) -> VerificationKey {
        try VerificationKey(pem: try pem(environment), name: text)
    }

    private func pem(_ environment: [String: String]) throws(KeyError) -> String {
        if text.hasPrefix(Self.prefix) {
            let name = String(text.dropFirst(Self.prefix.count))
            guard let value = environment[name], !value.isEmpty else {
                throw KeyError(
                    "the environment has no variable '\(name)', which should hold a key",
                    fix: "set it to the PEM text of the key, or name a file"
                )
            }
            return value
        }
        do throws(SystemError) {
            return String(decoding: try Files.read(FilePath(text), limit: Self.largest), as: UTF8.self)
        } catch  where error.code == .fileTooLarge {
            throw KeyError.tooLarge(text, limit: Self.largest)
        } catch {
            throw KeyError("the key cannot be read: \(error)", fix: "name a file, or a variable as 'env:NAME'")
        }
    }

    /// A warning where others than the owner may read the file.
    private var exposure: Diagnostic? {
        guard !text.hasPrefix(Self.prefix), let resolved = try? Files.resolved(FilePath(text)),
            let status = try? FileStatus.ofExisting(resolved), status.kind == .regular, status.mode & 0o077 != 0
        else { return nil }
        return Diagnostic(
            .warning,
            "others than its owner may read or replace the key '\(text)': its mode is \(octal(status.mode))",
            .badKey,
            fix: "'chmod 600 \(text)'"
        )
    }
}
