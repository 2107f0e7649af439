import Bakefiles
import Glibc
import Layers
import Planning
import SystemIO
import SystemPackage

extension LayerDraft {
    /// Unpacks an archive: its files wait in a spool file, because a layer is sorted and an archive need not be.
    mutating func unpack(
        _ step: UnpackStep,
        archive: SystemIO.Descriptor,
        spool: SystemIO.Descriptor,
        accounts: Accounts
    ) throws {
        let owner = step.owner == nil ? nil : try accounts.numbers(step.owner)
        let destination = try place(step.destination, followingFinal: true)
        try makeTarget(destination, owner: owner ?? (0, 0))
        var reader = try TarReader.open(archive, name: step.archive.name, formats: [.tar, .zip, .cpio])
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        // Where the archive's names went, for the hard links to them.
        var placed: [EntryPath: EntryPath] = [:]
        while var entry = try reader.next() {
            try cancellation.check()
            let name = entry.path
            guard let inner = try stripped(name, step.stripComponents), !inner.isRoot else { continue }
            let isFolder = entry.kind == .directory
            let path = try resolvedBelow(destination, inner.bytes, isFolder: isFolder)
            if isFolder, kind(at: path) == .directory, !isMade(path) { continue }
            if !isFolder { try refuseFolder(path, kind(at: path)) }
            entry.path = path
            entry.modified = min(entry.modified, timestamp)
            if let owner { (entry.owner, entry.group) = owner }
            if entry.kind != .hardLink { placed[name] = path }
            switch entry.kind {
            case .hardLink:
                guard let target = entry.hardLinkTarget.flatMap({ placed[$0] }) else {
                    throw StepError(
                        "'\(step.archive.name)': '\(name)' is a hard link to nothing before it in the archive"
                    )
                }
                // A link to a link is one to its file, so that none hangs on a name that another takes the place of.
                placed[name] = target
                // The archive's name for a file that is there already.
                if target == path { continue }
                entry.linkTarget = target.bytes
                try add(entry)
            case .regular:
                let start = offset
                while true {
                    let count = try reader.read(into: buffer)
                    if count == 0 { break }
                    try spool.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                    offset += Int64(count)
                }
                entry.size = offset - start
                try add(entry, slice(spool, offset: start))
            default: try add(entry)
            }
        }
    }

    private func stripped(_ path: EntryPath, _ count: Int) throws -> EntryPath? {
        let components = path.components
        guard components.count > count else { return nil }
        return try EntryPath(validating: Array(components.dropFirst(count).joined(separator: [UInt8(ascii: "/")])))
    }
}
