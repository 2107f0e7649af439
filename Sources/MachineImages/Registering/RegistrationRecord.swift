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

    var document: JSONValue {
        .object([
            "attempt": .integer(Int64(attempt)), "complete": .bool(isComplete), "disk": map.document,
            "image": .string(image), "key": key.map(JSONValue.string), "name": .string(name),
            "parent": parent.map(JSONValue.string),
            "project": .string(project), "snapshot": snapshot.map(JSONValue.string), "started": .integer(started),
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
    }
}
