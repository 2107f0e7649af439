import Layers
import SystemIO

/// What has to be done to a machine so that a layer comes true on it: all but the extraction of its tar.
///
/// A layer says by whiteouts what goes, which a tar program does not know; and it replaces a folder by a file without a
/// word, which a tar program refuses.
struct LayerOnMachine {
    /// Paths that go, with all below them.
    private(set) var removals: [EntryPath] = []
    /// Folders that lose all that is in them.
    private(set) var emptied: [EntryPath] = []
    /// Folders of the parent that something is written into: on the machine they must be real folders, not symlinks.
    private(set) var plain: [EntryPath] = []
    /// Folders whose time changes by what happens in them, and must not.
    private(set) var kept: [EntryPath] = []
    /// The items that are in the tar: all but the whiteouts.
    private(set) var items = LayerListing.Items()
    private(set) var hasWhiteouts = false

    init(_ listing: LayerListing, over parent: MergedTree, name: String) throws(LayerError) {
        var touched: Set<EntryPath> = []
        var written: Set<EntryPath> = []
        for item in listing.items {
            let entry = item.entry
            switch try Whiteout(entry, in: name) {
            case .removal(let path):
                removals.append(path)
                touched.insert(path)
                hasWhiteouts = true
            case .opaque(let folder):
                emptied.append(folder)
                touched.insert(folder)
                hasWhiteouts = true
            case nil:
                items.append(item)
                written.insert(entry.path)
                touched.insert(entry.path)
                if entry.kind != .directory, parent.entry(at: entry.path)?.kind == .directory {
                    removals.append(entry.path)
                }
            }
        }
        let folders = Set(touched.map(\.parent)).filter { parent.entry(at: $0)?.kind ?? .directory == .directory }
        kept = folders.filter { !written.contains($0) }.sorted()
        let existing = Set(
            folders.compactMap { folder in
                ([folder] + Self.above(folder)).first { parent.entry(at: $0)?.kind == .directory }
            }
        )
        let ancestors = Set(existing.flatMap(Self.above))
        plain = existing.filter { !$0.isRoot && !ancestors.contains($0) }.sorted()
        removals.sort()
        emptied.sort()
    }

    private static func above(_ path: EntryPath) -> [EntryPath] {
        var result: [EntryPath] = []
        var current = path
        while !current.isRoot {
            current = current.parent
            result.append(current)
        }
        return result
    }
}
