package import SystemPackage

/// What a `packages` step is asked to install, its files found.
package struct PackagesRequest: Sendable, Hashable {
    /// A further apt source, for this step only unless it is kept.
    package struct Source: Sendable, Hashable {
        package var name: String
        package var uri: String
        package var suite: String
        package var components: [String]
        /// `.asc` or `.gpg`.
        package var key: FilePath
        package var keep: Bool

        package init(name: String, uri: String, suite: String, components: [String], key: FilePath, keep: Bool) {
            self.name = name
            self.uri = uri
            self.suite = suite
            self.components = components
            self.key = key
            self.keep = keep
        }
    }

    package var names: [String]
    /// `.deb` files of the host.
    package var files: [FilePath]
    package var sources: [Source]
    package var recommends: Bool

    package init(names: [String], files: [FilePath] = [], sources: [Source] = [], recommends: Bool = false) {
        self.names = names
        self.files = files
        self.sources = sources
        self.recommends = recommends
    }
}
