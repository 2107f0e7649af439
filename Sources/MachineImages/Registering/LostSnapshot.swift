import AWS

/// A snapshot that takes no blocks any more, and never becomes complete.
struct LostSnapshot: Error, Sendable, Hashable, CustomStringConvertible {
    let id: String
    /// As the service says; nil where it knows nothing of it.
    let status: EC2.Snapshot.State?

    init(_ id: String, _ status: EC2.Snapshot.State?) {
        self.id = id
        self.status = status
    }

    /// One that can be recovered was removed.
    var description: String {
        status == .error ? "\(id) was given up by the service" : "\(id) is not there any more"
    }
}
