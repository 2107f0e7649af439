import Layers
import SystemIO

/// What a draft is to hold, by path: packed, since a step may copy a million files.
struct DraftItems {
    /// The entries in the order in which they came.
    private(set) var entries = LayerListing.Items()
    private var contents = Pieces<LayerDraft.Content>()
    /// A hash table with open addressing: places of entries counted from 1, and 0 where there is none.
    private var slots = [UInt32](repeating: 0, count: 64)

    /// The place of the entry at a path.
    func index(of path: EntryPath) -> Int? {
        let slot = slots[slot(of: path)]
        return slot == 0 ? nil : Int(slot) - 1
    }

    func content(at index: Int) -> LayerDraft.Content { contents[index] }

    /// Adds an entry, in the place of one that has its path.
    mutating func set(_ entry: TarEntry, _ content: LayerDraft.Content) {
        let item = LayerListing.Item(entry: entry, dataOffset: 0)
        if let index = index(of: entry.path) {
            entries[index] = item
            contents[index] = content
            return
        }
        entries.append(item)
        contents.append(content)
        if entries.count * 2 > slots.count {
            slots = [UInt32](repeating: 0, count: slots.count * 2)
            for index in entries.indices { slots[slot(of: entries.path(at: index))] = UInt32(index) + 1 }
        } else {
            slots[slot(of: entry.path)] = UInt32(entries.count)
        }
    }

    /// The places of the entries in the order of a layer.
    func sorted() -> [UInt32] {
        (0..<UInt32(entries.count)).sorted { left, right in
            entries.withPath(at: Int(left)) { left in
                entries.withPath(at: Int(right)) { EntryPath.precedes(left, $0) }
            }
        }
    }

    /// The slot that holds a path's entry, or the empty one where it belongs.
    private func slot(of path: EntryPath) -> Int {
        var hasher = Hasher()
        path.bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        let mask = slots.count - 1
        var slot = hasher.finalize() & mask
        while slots[slot] != 0 {
            let isHere = path.bytes.withUnsafeBytes { wanted in
                entries.withPath(at: Int(slots[slot]) - 1) { $0.elementsEqual(wanted) }
            }
            if isHere { return slot }
            slot = (slot + 1) & mask
        }
        return slot
    }
}

extension DraftItems {
    /// Of files that are hard links of one another the first in order gets the content, and the others name it.
    ///
    /// No link names another link.
    mutating func normaliseLinks() {
        var groups: [EntryPath: [EntryPath]] = [:]
        for index in entries.indices where entries.kind(at: index) == .hardLink {
            let entry = entries[index].entry
            if let target = entry.hardLinkTarget { groups[target, default: []].append(entry.path) }
        }
        for (target, links) in groups.sorted(by: { $0.key < $1.key }) {
            guard let first = links.min(), first < target, let index = index(of: target) else { continue }
            var file = entries[index].entry
            let modified = file.modified
            file.path = first
            set(file, contents[index])
            for link in links + [target] where link != first {
                set(.hardLink(link, to: first, modified: modified), .none)
            }
        }
    }
}
