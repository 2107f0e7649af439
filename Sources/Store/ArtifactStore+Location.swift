import SystemIO
package import SystemPackage

extension ArtifactStore {
    /// Where the store is when no option says so.
    ///
    /// `$OVENBIRD_STORE`, else `$XDG_DATA_HOME/ovenbird`, else `$HOME/.local/share/ovenbird`; nil where none is set. As
    /// the XDG base directory specification demands, an `XDG_DATA_HOME` that is not absolute counts as not set.
    package static func defaultPath(environment: [String: String]) -> FilePath? {
        if let path = environment["OVENBIRD_STORE"], !path.isEmpty { return FilePath(path) }
        if let path = environment["XDG_DATA_HOME"], path.isAbsolutePath { return FilePath(path).appending("ovenbird") }
        if let home = environment["HOME"], !home.isEmpty { return FilePath(home).appending(".local/share/ovenbird") }
        return nil
    }
}
