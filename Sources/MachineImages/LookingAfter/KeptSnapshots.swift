/// Snapshots that a store needs, whatever becomes of their AMIs.
struct KeptSnapshots: Sendable, Hashable {
    /// Of each image of a project the newest one that is filled: over it the next version is sent.
    let parents: Set<String>
    /// Those that are being filled by a run that was killed or still runs, and what they lie over.
    let inWork: Set<String>

    init(_ records: [RegistrationRecord], project: String) {
        var images: Set<String> = []
        var parents: Set<String> = []
        var inWork: Set<String> = []
        for record in records where record.project == project {
            if record.isComplete {
                if let snapshot = record.snapshot, images.insert(record.image).inserted { parents.insert(snapshot) }
            } else {
                inWork.formUnion([record.snapshot, record.parent].compactMap(\.self))
            }
        }
        self.parents = parents
        self.inWork = inWork
    }

    /// Why a snapshot stays; nil for one that may go.
    func reason(_ snapshot: String) -> String? {
        if inWork.contains(snapshot) { return "a registration of this store goes on with it" }
        return parents.contains(snapshot) ? "the next version is sent over it" : nil
    }
}
