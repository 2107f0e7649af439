/// A Debian package that an image has installed.
package struct InstalledPackage: Hashable, Sendable {
    package let name: String
    /// nil where the database does not say.
    package let version: String?
}

extension AttestedImage {
    /// The packages that the image's dpkg database says are installed, one for each architecture.
    package func installedPackages() throws -> [InstalledPackage] {
        try DpkgDatabase(of: self).packages.map { InstalledPackage(name: $0.name, version: $0.version) }
    }
}
