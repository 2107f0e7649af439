package import Bakefiles
import Glibc
import SystemIO

/// The secrets that a Bakefile declares, with the values that are at hand: read once, so that all look for the same.
package struct DeclaredSecrets: Sendable {
    private let secrets: [Secret]
    private let values: [String: [UInt8]]
    /// Why a file with a value could not be read, by the secret's name.
    private let failures: [String: SystemError]
    /// What is looked for.
    package let bytes: SecretBytes

    /// Larger files hold no secret.
    private static let limit = 1 << 20

    /// A value that is not there is nobody's mistake until a step wants it; `environment` is that of the process.
    package init(of bakefile: Bakefile, environment: [String: String]) {
        var values: [String: [UInt8]] = [:]
        var failures: [String: SystemError] = [:]
        for secret in bakefile.secrets {
            switch secret.source {
            case .environment(let variable): values[secret.name] = environment[variable].map { Array($0.utf8) }
            case .file(let path):
                do throws(SystemError) {
                    values[secret.name] = try Files.read(path, limit: Self.limit)
                } catch {
                    failures[secret.name] = error
                }
            }
        }
        self.secrets = bakefile.secrets
        self.values = values
        self.failures = failures
        bytes = SecretBytes(values)
    }

    /// The value of a declared secret, from where its declaration says.
    func value(of name: String) throws(StepError) -> [UInt8] {
        if let value = values[name] { return value }
        guard let secret = secrets.first(where: { $0.name == name }) else {
            preconditionFailure("the Bakefile's reader knows every secret that a step uses")
        }
        switch secret.source {
        case .environment(let variable):
            throw StepError("the secret '\(name)' is not there", fix: "set the environment variable '\(variable)'")
        case .file(let path):
            throw StepError("the secret '\(name)' is not there: \(failures[name]?.description ?? "'\(path)'")")
        }
    }
}
