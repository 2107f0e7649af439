package import Diagnostics

/// `cache:` of a Bakefile: where results of steps are shared with other machines.
package struct SharedCacheUse: Sendable, Hashable {
    /// Registry and repository, without tag.
    package var registry: String
    /// Files of public keys, of which one has to have signed what is taken from there; none where all is taken.
    package var verify: [InputPath]
    package var place: SourcePlace

    package init(registry: String, verify: [InputPath] = [], place: SourcePlace) {
        self.registry = registry
        self.verify = verify
        self.place = place
    }
}
