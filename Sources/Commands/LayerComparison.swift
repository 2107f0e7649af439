import Baking
import Layers
import OCI
import Reporting
import Store
import SystemIO

/// Two results of one step, file by file.
struct LayerComparison {
    private let changes: [TreeChange]
    /// The first byte that differs, by path.
    private var places: [EntryPath: Int64] = [:]

    init(_ old: Digest, in oldStore: ArtifactStore, _ new: Digest, in newStore: ArtifactStore) throws {
        let left = try LayerCatalog(store: oldStore).listing(of: old)
        let right = try LayerCatalog(store: newStore).listing(of: new)
        let blobs = (old: try oldStore.openBlob(old), new: try newStore.openBlob(new))
        var comparison = ContentComparison()
        var places: [EntryPath: Int64] = [:]
        changes = try left.changes(to: right) { left, right in
            let place = try comparison.firstDifference(
                (blobs.old, left.dataOffset),
                (blobs.new, right.dataOffset),
                count: left.entry.size
            )
            places[left.entry.path] = place
            return place == nil
        }
        self.places = places
    }

    /// One line a file: where it is, and what of it is not the same.
    func lines(of step: String) -> [String] {
        if changes.isEmpty { return ["\(step): the same files, in another order or form"] }
        return changes.map { change in
            let path = "/\(change.path)".neutralised
            switch (change.old, change.new) {
            case (let old?, let new?): return "\(step): \(path): \(Self.causes(change, old, new, places[change.path]))"
            case (nil, _): return "\(step): \(path): only in the second bake"
            case (_, nil): return "\(step): \(path): only in the first bake"
            }
        }
    }

    static func causes(_ change: TreeChange, _ old: TarEntry, _ new: TarEntry, _ place: Int64?) -> String {
        change.aspects.map { aspect in
            switch aspect {
            case .content where old.size != new.size: "size \(old.size) -> \(new.size)"
            case .content: "content" + (place.map { " from byte \($0) on" } ?? "")
            case .mode: "mode \(octal(old.mode)) -> \(octal(new.mode))"
            case .owner: "owner \(old.owner):\(old.group) -> \(new.owner):\(new.group)"
            case .time: "time \(time(old)) -> \(time(new))"
            case .target: "target \(text(old.linkTarget)) -> \(text(new.linkTarget))"
            case .kind, .device, .attributes: aspect.rawValue
            }
        }.joined(separator: ", ")
    }

    /// To the nanosecond where the time is no whole second: `2023-11-14T22:13:20.000000005Z`.
    private static func time(_ entry: TarEntry) -> String {
        let text = Timestamp.text(seconds: entry.modified)
        if entry.nanoseconds == 0 { return text }
        let digits = String(entry.nanoseconds)
        return "\(text.dropLast()).\(String(repeating: "0", count: 9 - digits.count))\(digits)Z"
    }

    private static func octal(_ mode: UInt32) -> String { "0" + String(mode, radix: 8) }

    private static func text(_ target: [UInt8]) -> String { String(decoding: target, as: UTF8.self).neutralised }
}
