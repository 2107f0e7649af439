import Glibc
import SystemIO
package import SystemPackage

/// The package cache of a store: each file is named after the SHA-256 of its content.
///
/// No run is given the files themselves: it gets copies, verified as they are made, since the scripts of packages run as
/// root beside them.
package struct PackagePool: Sendable {
    package let folder: FilePath

    package init(cache: FilePath) { folder = cache.appending("apt/packages") }

    /// Copies the packages into `target`, each as `HEX.deb`; gives those that are not here, or not whole.
    func copy(_ packages: [BinaryPackage], to target: FilePath) throws -> [BinaryPackage] {
        try packages.filter { package in
            let source = folder.appending(package.digest.hex)
            guard try FileStatus.ofExisting(source)?.kind == .regular else { return true }
            let place = target.appending("\(package.digest.hex).deb")
            if try Self.copy(try Descriptor.openForReading(source), to: place) == package.digest { return false }
            // Damage, which the next download replaces.
            try Files.removeFile(place)
            try Files.removeFile(source)
            return true
        }
    }

    /// Takes over a copy of a file; gives its digest and size, or nil where it is no plain file.
    func take(_ file: FilePath) throws -> (digest: Digest, size: Int64)? {
        guard try FileStatus.ofExisting(file)?.kind == .regular else { return nil }
        try Files.makeFolder(folder)
        let source = try Descriptor.open(file, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        let temporary = folder.appending(".\(UInt64.random(in: 0...UInt64.max)).tmp")
        do {
            // The name is that of the bytes that were written, whatever was read.
            let digest = try Self.copy(source, to: temporary)
            let size = try FileStatus.ofExisting(temporary)?.size ?? 0
            try Files.rename(temporary, to: folder.appending(digest.hex))
            return (digest, size)
        } catch {
            try? Files.removeFile(temporary)
            throw error
        }
    }

    private static func copy(_ source: Descriptor, to place: FilePath) throws -> Digest {
        let target = try Descriptor.open(place, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
        var digester = Digester()
        try source.forEachPiece { piece in
            try target.write(piece)
            digester.update(piece)
        }
        return digester.finish()
    }
}
