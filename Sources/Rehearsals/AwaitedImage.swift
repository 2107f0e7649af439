/// A container image of the release that has to run in a rehearsed machine.
package struct AwaitedImage: Sendable, Hashable {
    /// As the release names it.
    package let name: String
    /// What engines call it by its content: of the config, or of the manifest with containerd's store.
    package let ids: Set<String>
    /// What it is pulled as.
    package let references: Set<String>
    /// Whether its config says how to find out that it works.
    package let hasHealthCheck: Bool

    package init(name: String, ids: Set<String>, references: Set<String>, hasHealthCheck: Bool) {
        self.name = name
        self.ids = ids
        self.references = references
        self.hasHealthCheck = hasHealthCheck
    }
}
