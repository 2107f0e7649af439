/// Why no disk could be made of a tree.
package enum DiskError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The content has no room: how many bytes there are, and how many it needs at least, where that is known.
    case tooSmall(size: Int64, needed: Int64?)
    /// The file system cannot hold an entry: its path, and why.
    case unsupported(entry: String, reason: String)
    /// libext2fs refused: what was tried, and its answer.
    case library(action: String, answer: String)

    package var description: String {
        switch self {
        case .tooSmall(let size, let needed):
            let least = needed.map { ", which needs \($0) bytes at least" } ?? ""
            return "a disk of \(size) bytes has no room for the image\(least)"
        case .unsupported(let entry, let reason): return "'\(entry)' has no place in an ext4 file system: \(reason)"
        case .library(let action, let answer): return "cannot \(action): \(answer)"
        }
    }
}
