import Diagnostics
import SystemPackage

/// One of the two files of profiles.
///
/// Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files"; AWS Command Line Interface User
/// Guide, "Configuration and credential file settings".
struct ProfileFile: Sendable {
    enum Kind: Sendable, Hashable {
        /// Profiles are `[default]` and `[profile NAME]`.
        case config
        /// Profiles are `[NAME]`.
        case credentials
    }

    /// The name of the file, for messages.
    let path: FilePath
    let kind: Kind
    var profiles: [String: ProfileSection] = [:]
    /// Sections that are no profiles here, but would be in the other file.
    var misnamed: [String: SourcePlace] = [:]

    /// More than this is no file of profiles.
    static let limit = 1 << 20

    /// A file without profiles.
    init(path: FilePath, kind: Kind) {
        self.path = path
        self.kind = kind
    }

    static func parse(_ bytes: [UInt8], path: FilePath, kind: Kind) throws(CredentialError) -> ProfileFile {
        var reader = ProfileFileReader(file: ProfileFile(path: path, kind: kind))
        try reader.read(bytes)
        return reader.file
    }
}
