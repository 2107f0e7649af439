import Layers
import SystemIO

/// Archives: read as a stream, listed, merged as layers, unpacked, packed again.
///
/// Archives one behind the other are layers, the first the lowest.
enum TarFuzz {
    private static let limits = ArchiveLimits(
        totalBytes: 8 << 20,
        entryCount: 2000,
        ratio: 1100,
        ratioFloor: 1 << 20,
        xattrBytes: 64 << 10
    )

    static func run(_ bytes: [UInt8]) {
        let scratch = Scratch()
        let whole = scratch.write(bytes, to: "whole")
        answer { () throws(LayerError) in try read(whole) }
        answer { () throws(LayerError) in try normalize(whole, scratch) }
        answer { () throws(LayerError) in try stack(layers(of: bytes), scratch) }
    }

    /// Every format, to the end, with all content.
    private static func read(_ file: Descriptor) throws(LayerError) {
        var reader = try TarReader.open(file, name: "whole", formats: [.tar, .zip, .cpio], limits: limits)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { buffer.deallocate() }
        while let entry = try reader.next() {
            hold(entry)
            var total: Int64 = 0
            while true {
                let count = try reader.read(into: buffer)
                if count == 0 { break }
                total += Int64(count)
            }
            promise(total == entry.size, "'\(entry.path)' gave \(total) bytes of \(entry.size)")
        }
    }

    private static func hold(_ entry: TarEntry) {
        let components = entry.path.components
        promise(
            !entry.path.bytes.contains(0) && entry.path.bytes.first != 0x2F
                && components.allSatisfy { !$0.elementsEqual([0x2E]) && !$0.elementsEqual([0x2E, 0x2E]) },
            "'\(entry.path)' is not normalised"
        )
        promise(entry.size >= 0 && (entry.kind == .regular || entry.size == 0), "'\(entry.path)' has a wrong size")
    }

    private static func normalize(_ file: Descriptor, _ scratch: borrowing Scratch) throws(LayerError) {
        let output = scratch.write([], to: "normal")
        var writer = try TarWriter.open(to: output, name: "normal")
        let options = LayerNormalizer.Options(latestTime: 1000, formats: [.tar, .zip, .cpio], limits: limits)
        try LayerNormalizer.normalize(
            file,
            name: "whole",
            spool: scratch.write([], to: "spool"),
            options: options,
            into: &writer
        )
        let written = try writer.finish()
        let again = answer { () throws(LayerError) in try LayerListing.scan(output, name: "normal") }
        promise(again == written.listing, "what was normalised reads differently")
    }

    private static func stack(_ layers: [[UInt8]], _ scratch: borrowing Scratch) throws(LayerError) {
        var listings: [LayerListing] = []
        var files: [Descriptor] = []
        for (index, bytes) in layers.enumerated() {
            let file = scratch.write(bytes, to: "layer\(index)")
            let listing = try LayerListing.scan(file, name: "layer\(index)", limits: limits)
            for item in listing.items { hold(item.entry) }
            promise(LayerListing(decoding: listing.encode()) == listing, "a listing does not survive its cache")
            listings.append(listing)
            files.append(file)
        }
        let tree = try MergedTree(layers: listings)
        let below = try MergedTree(layers: Array(listings.dropLast()))
        _ = below.changes(to: tree) { _ in false }
        for entry in tree.entries() {
            promise(tree.entry(at: entry.path) == entry, "'\(entry.path)' is not where it is")
            if entry.kind == .symlink { _ = answer { () throws(LayerError) in try tree.resolve(entry.path) } }
        }
        if let top = files.last, let listing = listings.last {
            // Alone, as a lower folder of an overlay.
            let folder = scratch.makeFolder("alone")
            answer { () throws(LayerError) in
                try LayerUnpacker.unpack(
                    top,
                    listing: listing,
                    name: "top",
                    into: folder,
                    over: below,
                    options: .userNamespace
                )
            }
        }
        let folder = scratch.makeFolder("merged")
        try LayerUnpacker.unpack(tree, layers: files, name: "tree", into: folder, options: .userNamespace)
        try compare(tree, with: folder, scratch)
    }

    /// What was unpacked and is packed again is the same tree, but for what the options leave out.
    private static func compare(
        _ tree: MergedTree,
        with folder: Descriptor,
        _ scratch: borrowing Scratch
    ) throws(LayerError) {
        var writer = try TarWriter.open(to: scratch.write([], to: "packed"), name: "packed")
        try LayerPacker.pack(folder, options: .init(source: .folder, latestTime: .max), into: &writer)
        let packed = try MergedTree(layers: [try writer.finish().listing])
        let expected = tree.entries().dropFirst().filter { !$0.kind.isDevice }
        let found = packed.entries().dropFirst()
        promise(expected.count == found.count, "\(expected.count) entries became \(found.count)")
        for (old, new) in zip(expected, found) {
            promise(
                old.path == new.path && old.kind == new.kind && old.size == new.size
                    && old.linkTarget == new.linkTarget && (old.kind == .symlink || old.mode == new.mode)
                    && old.owner == new.owner && old.group == new.group,
                "\(old) became \(new)"
            )
        }
    }

    /// Cut where an end of an archive is followed by more.
    private static func layers(of bytes: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var start = 0
        var zeros = 0
        for block in stride(from: 0, to: bytes.count, by: 512) {
            let isZero = bytes[block..<min(block + 512, bytes.count)].allSatisfy { $0 == 0 }
            if !isZero, zeros >= 2, result.count < 3 {
                result.append(Array(bytes[start..<block]))
                start = block
            }
            zeros = isZero ? zeros + 1 : 0
        }
        return result + [Array(bytes[start...])]
    }
}
