package import OCI

/// A launch template as the fake knows it.
package struct LaunchTemplate: Sendable {
    package struct Version: Sendable, Hashable {
        package let number: Int
        package var description: String?
        /// As requests bring it.
        package var data: JSONValue
        package var user: String
        package var date: Int64

        package var image: String? { data["ImageId"]?.stringValue }
    }

    package let id: String
    package let name: String
    package let owner: String
    package let region: String
    /// The oldest first.
    package internal(set) var versions: [Version]
    package internal(set) var defaultVersion = 1
    package internal(set) var tags: [String: String] = [:]

    var unknownRequests = 0

    /// `$Latest`, `$Default` or a number.
    func version(_ text: String) -> Version? {
        switch text {
        case "$Latest": versions.last
        case "$Default": versions.first { $0.number == defaultVersion }
        default: versions.first { String($0.number) == text }
        }
    }
}
