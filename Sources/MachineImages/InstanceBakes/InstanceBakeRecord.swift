import OCI
import SystemIO

/// How far one bake on a machine of EC2 has come: on disk before each call that changes something.
struct InstanceBakeRecord: Sendable, Hashable {
    /// The name of the AMI that it is made for.
    var name: String
    var project: String
    var image: String
    /// Digest of all that the bake was begun with: another plan begins anew.
    var plan: Digest
    /// In the tags of the machine and in the names of its objects.
    var identifier: String
    var bucket: String
    /// Seconds since 1970.
    var started: Int64
    /// When the machine ends itself: seconds since 1970.
    var deadline: Int64
    /// Which of the ways to start a machine was tried last.
    var choice = 0
    /// Nil until the service has said it.
    var instance: String?
    /// When it did, seconds since 1970: for a while not every place of the service knows the machine.
    var launched: Int64?
    /// So many commands have done their part: one for each bundle, and one that takes the machine's traces away.
    var applied = 0
    /// How often the step that runs now was sent; where an answer was lost, several of its commands may be there.
    var sending = 0
    /// The command that runs now, where it is known to have been sent.
    var command: String?

    /// What the objects of the bake begin with.
    var prefix: String { "\(Self.folder(of: project))\(identifier)/" }

    /// The name of what the machine puts of the output of the step that runs now, as it was sent last.
    var growingOutput: String { "\(prefix)said/\(applied + 1).\(sending)" }

    /// What the objects of all bakes of a project in a bucket begin with, and of no other's.
    static func folder(of project: String) -> String { "ovenbird/bakes/\(project)/" }

    /// What the machine is started with: the same again starts nothing new.
    ///
    /// Each way to start it has its own, because a token is good for one kind of machine only.
    var token: String { Digester.digest(of: "\(identifier) \(choice)").hex }

    var document: JSONValue {
        .object([
            "applied": .integer(Int64(applied)), "bucket": .string(bucket), "choice": .integer(Int64(choice)),
            "command": command.map(JSONValue.string), "deadline": .integer(deadline),
            "identifier": .string(identifier), "image": .string(image), "instance": instance.map(JSONValue.string),
            "launched": launched.map(JSONValue.integer),
            "name": .string(name), "plan": .string(plan.description), "project": .string(project),
            "sending": sending == 0 ? nil : .integer(Int64(sending)), "started": .integer(started),
        ])
    }
}

extension InstanceBakeRecord {
    /// Reads such a document; nil for any other.
    init?(_ document: JSONValue) {
        guard let name = document["name"]?.stringValue, let project = document["project"]?.stringValue,
            let image = document["image"]?.stringValue,
            let plan = document["plan"]?.stringValue.flatMap({ Digest($0) }),
            let identifier = document["identifier"]?.stringValue, let bucket = document["bucket"]?.stringValue,
            let started = document["started"]?.integerValue, let deadline = document["deadline"]?.integerValue,
            let choice = document["choice"]?.integerValue, let applied = document["applied"]?.integerValue
        else { return nil }
        self.init(
            name: name,
            project: project,
            image: image,
            plan: plan,
            identifier: identifier,
            bucket: bucket,
            started: started,
            deadline: deadline,
            choice: Int(choice),
            instance: document["instance"]?.stringValue,
            launched: document["launched"]?.integerValue,
            applied: Int(applied),
            sending: Int(document["sending"]?.integerValue ?? 0),
            command: document["command"]?.stringValue
        )
    }
}
