import Glibc
import Layers
import SystemIO
import SystemPackage

/// Makes a layer of a tar of mmdebstrap's: in our order, with our times, without the host's and the moment's traces.
struct DebianRootCleaning {
    var sourcesList: String
    var timestamp: Int64

    private static let sourcesPath: EntryPath = "etc/apt/sources.list"
    private static let volatile = VolatileFile.ofDebianRoots

    func write(_ tar: FilePath, to output: FilePath) throws -> SandboxResult.Layer {
        let source = try Descriptor.openForReading(tar)
        let tree = try MergedTree(layers: [try LayerListing.scan(source, name: "mmdebstrap's tar")])
        let file = try Descriptor.open(output, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        var writer = try TarWriter.open(to: file, name: "the Debian root")
        var hasSources = false
        var firstNames: [MergedTree.FileIdentity: EntryPath] = [:]
        for entry in tree.entries() {
            if !hasSources, entry.path > Self.sourcesPath {
                let sources = TarEntry.regular(
                    Self.sourcesPath,
                    size: Int64(sourcesList.utf8.count),
                    modified: timestamp
                )
                try writer.append(sources, bytes: Array(sourcesList.utf8))
                hasSources = true
            }
            try append(entry, of: tree, from: source, &firstNames, to: &writer)
        }
        let written = try writer.finish()
        try file.sync()
        return SandboxResult.Layer(digest: written.digest, size: written.size)
    }

    /// Of the names of one file the first that stays as it is carries the content.
    private func append(
        _ original: TarEntry,
        of tree: MergedTree,
        from source: Descriptor,
        _ firstNames: inout [MergedTree.FileIdentity: EntryPath],
        to writer: inout TarWriter
    ) throws(LayerError) {
        var entry = original
        entry.modified = min(entry.modified, timestamp)
        if entry.path == Self.sourcesPath { return }
        let path = "/" + String(decoding: entry.path.bytes, as: UTF8.self)
        if let rule = Self.volatile.first(where: { $0.covers(path) }) {
            guard rule.treatment == .empty, entry.kind == .regular else { return }
            entry.size = 0
            return try writer.append(entry, bytes: [])
        }
        guard let identity = tree.identity(of: entry.path) else { return try writer.append(entry) }
        if let first = firstNames[identity] {
            (entry.kind, entry.linkTarget, entry.size) = (.hardLink, first.bytes, 0)
            entry.setXattrs([])
            return try writer.append(entry)
        }
        firstNames[identity] = entry.path
        if let contents = tree.contents(of: entry.path) {
            try writer.append(entry, slice: source, at: contents.offset)
        } else {
            try writer.append(entry)
        }
    }
}
