import Glibc
import SystemIO
import SystemPackage

/// Downloaded packages that runs share, each file named after the SHA-256 of its content.
///
/// A run sees the folder read-only and copies from it what its own, verified indexes ask for by digest. So nothing that
/// a package's scripts do can change what another run installs: apt itself looks at the size alone of an archive that
/// is there already. Indexes are not shared: no run can prove to another one that it left them as they were.
struct PackageCache {
    let folder: FilePath

    /// Larger files are downloaded each time.
    private static let limit: Int64 = 4 << 30

    /// Takes over copies of the packages that a run has downloaded.
    func take(from own: FilePath) throws {
        let downloads = try Descriptor.openFolder(own)
        for name in try downloads.names() where name.suffix(4).elementsEqual(".deb".utf8) {
            // Scripts may have left anything here: what cannot be opened, or is no plain file, is passed over.
            guard let file = try? downloads.openBelow(name, flags: O_RDONLY | O_NONBLOCK) else { continue }
            let status = try file.status()
            guard status.kind == .regular, status.size > 0, status.size <= Self.limit else { continue }
            var digester = Digester()
            try file.forEachPiece { digester.update($0) }
            if !Files.exists(folder.appending(digester.finish().hex)) { try copy(file) }
        }
    }

    /// The name is that of the bytes that were written, whatever was read before.
    private func copy(_ file: Descriptor) throws {
        let temporary = folder.appending(".\(UInt64.random(in: 0...UInt64.max)).tmp")
        let target = try Descriptor.open(temporary, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
        do {
            var digester = Digester()
            try file.forEachPiece { piece in
                try target.write(piece)
                digester.update(piece)
            }
            try Files.rename(temporary, to: folder.appending(digester.finish().hex))
        } catch {
            try? Files.removeFile(temporary)
            throw error
        }
    }
}
