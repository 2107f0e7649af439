/// The Debian packages that an image has installed.
package struct InstalledPackages: Hashable, Sendable {
    package struct Package: Hashable, Sendable {
        package let name: String
        /// nil where the database does not say.
        package let version: String?
    }

    /// One for each architecture.
    package let packages: [Package]
    /// Why there may be more; nil where the database could be read as a whole.
    package let problem: String?
}

extension AttestedImage {
    /// What the image's dpkg database says.
    package func installedPackages() throws -> InstalledPackages {
        let database = try DpkgDatabase(of: self)
        return InstalledPackages(
            packages: database.packages.map { .init(name: $0.name, version: $0.version) },
            problem: database.problems.isEmpty ? nil : database.problems.text
        )
    }
}
