import Layers
import SystemIO
import SystemPackage
import TestSupport

/// A file of a test tar.
struct Sample {
    let entry: TarEntry
    let content: [UInt8]

    static func file(_ path: EntryPath, _ text: String, mode: UInt32 = 0o644, modified: Int64 = 0) -> Sample {
        let content = Array(text.utf8)
        return Sample(.regular(path, size: Int64(content.count), mode: mode, modified: modified), content)
    }

    static func folder(_ path: EntryPath, mode: UInt32 = 0o755, modified: Int64 = 0) -> Sample {
        Sample(.directory(path, mode: mode, modified: modified))
    }

    static func symlink(_ path: EntryPath, _ target: String) -> Sample {
        Sample(.symlink(path, to: Array(target.utf8)))
    }

    static func hardLink(_ path: EntryPath, _ target: EntryPath) -> Sample { Sample(.hardLink(path, to: target)) }

    init(_ entry: TarEntry, _ content: [UInt8] = []) {
        self.entry = entry
        self.content = content
    }
}

/// Writes `samples` as they come to a tar at `path`.
@discardableResult
func writeTar(_ samples: [Sample], to path: FilePath) throws -> WrittenLayer {
    let file = try Descriptor.open(path, flags: 0o1102, mode: 0o644)  // O_RDWR | O_CREAT | O_TRUNC
    var writer = try TarWriter.open(to: file)
    for sample in samples { try writer.append(sample.entry, bytes: sample.content) }
    return try writer.finish()
}

/// Reads a whole archive with all contents.
func readTar(
    _ path: FilePath,
    formats: Set<TarReader.Format> = [.tar],
    limits: ArchiveLimits = .standard,
    requiresEndMark: Bool = true
) throws -> [(entry: TarEntry, content: [UInt8])] {
    let file = try Descriptor.openForReading(path)
    var reader = try TarReader.open(
        file,
        name: path.lastComponent?.string,
        formats: formats,
        limits: limits,
        requiresEndMark: requiresEndMark
    )
    var result: [(entry: TarEntry, content: [UInt8])] = []
    while let entry = try reader.next() { result.append((entry, try reader.readAll(limit: 1 << 24))) }
    return result
}

/// What `body` throws, as text; nil where it does not throw.
func message(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch { return "\(error)" }
}

/// Layers in files of a folder, and the tree that they make.
struct Stack {
    let listings: [LayerListing]
    let files: [Descriptor]

    init(_ folder: TemporaryFolder, _ layers: [[Sample]]) throws {
        var listings: [LayerListing] = []
        var files: [Descriptor] = []
        for (index, samples) in layers.enumerated() {
            let path = folder.file("layer\(index + 1).tar")
            listings.append(try writeTar(samples, to: path).listing)
            files.append(try Descriptor.openForReading(path))
        }
        (self.listings, self.files) = (listings, files)
    }

    func tree() throws -> MergedTree { try MergedTree(layers: listings) }

    func text(_ tree: MergedTree, _ path: EntryPath) throws -> String? {
        guard let contents = tree.contents(of: path) else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(contents.size))
        _ = try bytes.withUnsafeMutableBytes { try files[contents.layer].read(into: $0, at: contents.offset) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension MergedTree {
    /// All paths but the root, separated by blanks.
    var paths: String { entries().dropFirst().map(\.path.description).joined(separator: " ") }
}
