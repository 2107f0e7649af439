import Bakefiles
import Diagnostics
import SystemIO

extension VersionAssignment {
    /// The version that the scheme gives to content that has none.
    ///
    /// `versions` are those that the image has had; ones that another scheme gave do not count.
    func nextVersion(for image: Image, identity: Digest, after versions: [String]) throws(InvalidInput) -> String {
        guard let scheme = image.version else { return identity.short }
        try checkScheme(scheme, at: image.place)
        switch scheme {
        case .semver(let start, let bump):
            let first = VersionNumber(start)
            guard let highest = versions.compactMap(VersionNumber.init).max() else { return start }
            let next = highest.bumped(bump)
            // A `start` that was raised by hand goes before counting.
            return (first.map { max($0, next) } ?? next).description
        case .calver(let format):
            guard let calendar = VersionCalendar(format) else { return format }
            return calendar.next(on: date, after: versions)
        case .sequence:
            return String((versions.compactMap(wholeNumber).max() ?? 0) + 1)
        case .git:
            let name = git?.name ?? ""
            // Changes have no name of their own: the content's keeps two of them apart.
            return git?.isDirty == true ? "\(name)-dirty.\(identity.hex.prefix(8))" : name
        }
    }

    /// Whether the scheme can give a version at all.
    func checkScheme(_ scheme: VersionScheme, at place: SourcePlace) throws(InvalidInput) {
        switch scheme {
        case .semver(let start, _) where VersionNumber(start) == nil:
            throw InvalidInput(
                Diagnostic(
                    at: place,
                    "'\(start)' is not a semantic version to start from",
                    .invalidVersionScheme,
                    why: "three numbers without leading zeros are needed, such as 1.0.0"
                )
            )
        case .calver(let format) where VersionCalendar(format) == nil:
            throw InvalidInput(
                Diagnostic(
                    at: place,
                    "'\(format)' is not a calendar version format",
                    .invalidVersionScheme,
                    why:
                        "it is made of YYYY, YY, 0Y, MM, 0M, DD, 0D and at most one MICRO, with '.', '-' or '_' between them"
                )
            )
        case .git where git?.name == nil:
            throw InvalidInput(
                Diagnostic(
                    at: place,
                    "there is no git commit to name a version after",
                    .noCommit,
                    why: "'version: git' needs the Bakefile in a git work tree that has a commit",
                    fix: "commit first, or choose another version scheme"
                )
            )
        default: return
        }
    }
}

/// A number without sign and leading zeros, at most `VersionLedger.highestNumber`: no counting comes to higher ones.
func wholeNumber(_ text: some StringProtocol) -> Int64? {
    guard let first = text.utf8.first, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    guard first != 0x30 || text.utf8.count == 1, let number = Int64(text) else { return nil }
    return number <= VersionLedger.highestNumber ? number : nil
}
