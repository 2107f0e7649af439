import Bakefiles

/// The name of a Debian package in every bill of materials: `pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12`.
///
/// Source: Package-URL specification, "How to build purl string from its components" and the type `deb`.
struct PackageURL: CustomStringConvertible {
    let description: String

    init(_ package: DebianPackage, of distribution: Distribution) {
        var text = "pkg:deb/\(Self.encoded(distribution.identifier))/\(Self.encoded(package.name.lowercased()))"
        if let version = package.version { text += "@\(Self.encoded(version))" }
        // Sorted by name.
        var qualifiers: [String] = []
        if let architecture = package.architecture { qualifiers.append("arch=\(Self.encoded(architecture))") }
        let suffix = distribution.version.map { "-\($0)" } ?? ""
        qualifiers.append("distro=\(Self.encoded(distribution.identifier + suffix))")
        if package.source != package.name || package.sourceVersion != package.version {
            // Where advisories are about sources, this is the name that they have.
            let version = package.sourceVersion.map { "@\($0)" } ?? ""
            qualifiers.append("upstream=\(Self.encoded(package.source + version))")
        }
        description = text + "?" + qualifiers.joined(separator: "&")
    }

    /// Of a package as an archive has it: its distribution is the archive's, which its address tells.
    init(_ package: LockedPackage) {
        // Each of Ubuntu's archives has this folder or 'ubuntu-ports' in its address.
        let isUbuntu = package.uri.split(separator: "/").contains { $0 == "ubuntu" || $0 == "ubuntu-ports" }
        description =
            "pkg:deb/\(isUbuntu ? "ubuntu" : "debian")/\(Self.encoded(package.name.lowercased()))"
            + "@\(Self.encoded(package.version))?arch=\(Self.encoded(package.architecture))"
    }

    /// Percent-encodes all but letters, digits, `.`, `-`, `_`, `~` and `:`.
    static func encoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            if isAlphanumeric(byte) || ".-_~:".utf8.contains(byte) {
                result.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
    }
}
