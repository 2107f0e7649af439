import SystemIO
import SystemPackage

/// An image of GRUB that an earlier disk has made from the same files of GRUB, in the same way.
struct KeptImage {
    private let path: FilePath

    /// `ways` is all that the image depends on beside the program and its folder of modules, whose files are known by size,
    /// place and times.
    ///
    /// Nil where they cannot be examined, for which the program has better words.
    init?(in folder: FilePath, of ways: [String], program: FilePath?, _ modules: FilePath) {
        var digester = Digester()
        func add(_ text: String) { digester.update(Array("\(text)\0".utf8)) }
        ways.forEach(add)
        guard let program, let names = try? Files.names(in: modules) else { return nil }
        for file in [program] + names.map({ modules.appending($0) }) {
            guard let status = try? FileStatus.ofExisting(file) else { return nil }
            add("\(file) \(status.device) \(status.inode) \(status.size) \(status.modified) \(status.changed)")
        }
        path = folder.appending(digester.finish().hex)
    }

    /// Nil where it is not there, cannot be read, or is damaged: it can be made again.
    func bytes() -> [UInt8]? {
        guard let kept = try? Files.read(path) else { return nil }
        let content = Array(kept.dropFirst(64))
        return Digest(hex: String(decoding: kept.prefix(64), as: UTF8.self)) == Digester.digest(of: content)
            ? content : nil
    }

    /// Behind its digest.
    func keep(_ bytes: [UInt8]) throws {
        try Files.makeFolder(path.removingLastComponent())
        try AtomicFile.write(Array(Digester.digest(of: bytes).hex.utf8) + bytes, to: path)
    }
}
