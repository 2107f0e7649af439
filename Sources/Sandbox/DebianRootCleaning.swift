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
        try tree.flattened { (entry, contents) throws(LayerError) in
            if !hasSources, entry.path > Self.sourcesPath {
                let sources = TarEntry.regular(
                    Self.sourcesPath,
                    size: Int64(sourcesList.utf8.count),
                    modified: timestamp
                )
                try writer.append(sources, bytes: Array(sourcesList.utf8))
                hasSources = true
            }
            try append(entry, contents, from: source, to: &writer)
        }
        let written = try writer.finish()
        try file.sync()
        return SandboxResult.Layer(digest: written.digest, size: written.size)
    }

    private func append(
        _ original: TarEntry,
        _ contents: MergedTree.Contents?,
        from source: Descriptor,
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
        if let contents {
            try writer.append(entry, slice: source, at: contents.offset)
        } else {
            try writer.append(entry)
        }
    }
}
