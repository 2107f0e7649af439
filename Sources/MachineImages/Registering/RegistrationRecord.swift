import Disks
import OCI
import SystemIO

/// What is known of one snapshot of ours: on disk before a call, so that a killed run goes on where it was, and a later
/// image finds its parent.
struct RegistrationRecord: Sendable, Hashable {
    /// The name of the AMI that it is made for.
    var name: String
    var project: String
    var image: String
    /// What the snapshot is started with: the same again starts nothing new.
    var token: String
    /// Seconds since 1970.
    var started: Int64
    /// How often a snapshot for it was lost before.
    var attempt: Int
    var parent: String?
    /// The ARN of what the snapshot is encrypted with.
    var key: String?
    /// Nil until the service has said it.
    var snapshot: String?
    /// All blocks are there, and the service was told so.
    var isComplete = false
    var map: BlockMap
    /// The places of the blocks that the parent lacks or has otherwise, where that was found by reading it; nil where the
    /// parent's own record tells it.
    var differing: [Int]?
    /// Its snapshot or copy was given up or removed: only how often that was is still of use.
    var isLost = false
    /// The AMI that is copied; nil for a snapshot that is sent.
    var source: String?

    /// The same without what is of no use any more.
    var lost: RegistrationRecord {
        var lost = self
        (lost.snapshot, lost.parent, lost.differing) = (nil, nil, nil)
        (lost.isComplete, lost.isLost) = (false, true)
        lost.map = BlockMap(size: map.size, blocks: [])
        return lost
    }

    var document: JSONValue {
        .object([
            "attempt": .integer(Int64(attempt)), "complete": .bool(isComplete),
            "differing": differing.map { .array($0.map { .integer(Int64($0)) }) }, "disk": map.document,
            "image": .string(image), "key": key.map(JSONValue.string), "lost": isLost ? true : nil,
            "name": .string(name),
            "parent": parent.map(JSONValue.string),
            "project": .string(project), "snapshot": snapshot.map(JSONValue.string),
            "source": source.map(JSONValue.string), "started": .integer(started),
            "token": .string(token),
        ])
    }
}

extension RegistrationRecord {
    /// Reads such a document; nil for any other.
    init?(_ document: JSONValue) {
        guard let name = document["name"]?.stringValue, let project = document["project"]?.stringValue,
            let image = document["image"]?.stringValue, let token = document["token"]?.stringValue,
            let started = document["started"]?.integerValue, let attempt = document["attempt"]?.integerValue,
            let isComplete = document["complete"]?.boolValue,
            let map = document["disk"].flatMap({ BlockMap(document: $0) })
        else { return nil }
        self.init(
            name: name,
            project: project,
            image: image,
            token: token,
            started: started,
            attempt: Int(attempt),
            parent: document["parent"]?.stringValue,
            key: document["key"]?.stringValue,
            snapshot: document["snapshot"]?.stringValue,
            isComplete: isComplete,
            map: map
        )
        isLost = document["lost"]?.boolValue ?? false
        source = document["source"]?.stringValue
        if let differing = document["differing"] {
            let places = differing.arrayValue?.compactMap(\.integerValue)
            guard let places, places.count == differing.arrayValue?.count else { return nil }
            self.differing = places.map { Int($0) }
        }
    }
}

extension RegistrationRecord {
    /// The blocks that have to be sent, in order; nil where that is not known any more.
    func blocks(among records: [RegistrationRecord]) -> [BlockMap.Block]? {
        guard let parent else { return map.blocks }
        if let differing {
            let used = Dictionary(uniqueKeysWithValues: map.blocks.map { ($0.index, $0) })
            return differing.map { used[$0] ?? BlockMap.Block(index: $0, digest: BlockMap.zeros) }
        }
        return records.first { $0.snapshot == parent }.map { map.blocks(over: $0.map) }
    }
}
