package import Bakefiles

/// A semantic version of three numbers; pre-releases and build marks are not counted, and `+` cannot stand in a tag.
package struct VersionNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let major: Int64
    package let minor: Int64
    package let patch: Int64

    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { wholeNumber($0) }
        guard parts.count == 3, let major = parts[0], let minor = parts[1], let patch = parts[2] else { return nil }
        self.init(major, minor, patch)
    }

    private init(_ major: Int64, _ minor: Int64, _ patch: Int64) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    package func bumped(_ bump: VersionScheme.Bump) -> VersionNumber {
        switch bump {
        case .major: VersionNumber(major + 1, 0, 0)
        case .minor: VersionNumber(major, minor + 1, 0)
        case .patch: VersionNumber(major, minor, patch + 1)
        }
    }

    package static func < (left: VersionNumber, right: VersionNumber) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    package var description: String { "\(major).\(minor).\(patch)" }
}
