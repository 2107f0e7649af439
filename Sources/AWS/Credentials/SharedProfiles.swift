import Diagnostics
import SystemIO
import SystemPackage

/// The profiles of the two files that the AWS CLI and the SDKs share, merged: what is in the credentials file wins.
///
/// Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files" and "Finding and changing the location
/// of the shared config and credentials files".
package struct SharedProfiles: Sendable {
    /// Nil where the environment does not say where it is, not even by `HOME`.
    let config: ProfileFile?
    let credentials: ProfileFile?
    /// Why a file at its usual place was passed over.
    let obstacles: [String]

    /// Reads the files that the environment names, else those in `~/.aws`.
    ///
    /// Blocks. A file that is not there has no profiles, and neither has one at its usual place that may not be read. Throws
    /// `CredentialError`, with the place of a mistake.
    package init(environment: [String: String]) throws {
        let variables = Variables(environment)
        var obstacles: [String] = []
        config = try Self.read(.config, variables, &obstacles)
        credentials = try Self.read(.credentials, variables, &obstacles)
        self.obstacles = obstacles
    }

    /// The setting `region` of a profile.
    package func region(of profile: String) -> String? { self[profile]?["region"]?.value }

    /// Of all profiles, sorted.
    package var names: [String] {
        Set((config?.profiles ?? [:]).keys).union((credentials?.profiles ?? [:]).keys).sorted()
    }

    /// A profile with the settings of both files, or nil where neither has it.
    subscript(name: String) -> ProfileSection? {
        guard var merged = config?.profiles[name] else { return credentials?.profiles[name] }
        let winning = credentials?.profiles[name]?.settings ?? [:]
        merged.settings.merge(winning.filter { !$0.value.value.isEmpty }) { $1 }
        return merged
    }

    /// All values that are secret, of whatever profile.
    var secrets: [String] {
        let sections = [config, credentials].compactMap { $0 }.flatMap { Array($0.profiles.values) }
        return sections.flatMap { section in
            ["aws_secret_access_key", "aws_session_token", "aws_security_token"].compactMap { section[$0]?.value }
        }
    }

    private static func read(
        _ kind: ProfileFile.Kind,
        _ variables: Variables,
        _ obstacles: inout [String]
    ) throws -> ProfileFile? {
        let variable = kind == .config ? "AWS_CONFIG_FILE" : "AWS_SHARED_CREDENTIALS_FILE"
        let home = variables["HOME"]
        let path: FilePath
        if let named = variables[variable] {
            let isBelowHome = named == "~" || named.startsWithBytes(of: "~/")
            path = FilePath(isBelowHome ? (home ?? "") + named.dropFirst() : named)
        } else if let home {
            path = FilePath(home).appending(".aws").appending(kind == .config ? "config" : "credentials")
        } else {
            return nil
        }
        do {
            guard let bytes = try SmallFile.read(path, limit: ProfileFile.limit) else {
                return ProfileFile(path: path, kind: kind)
            }
            return try ProfileFile.parse(bytes, path: path, kind: kind)
        } catch let error as SystemError {
            // The home folder of another user is not what a container was told to read.
            if variables[variable] == nil, error.code == .permissionDenied {
                obstacles.append(error.description)
                return ProfileFile(path: path, kind: kind)
            }
            throw CredentialError(error.description)
        }
    }
}
