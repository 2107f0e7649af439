import Bakefiles
import Diagnostics
import OCI
import Planning
import SystemIO

/// Compares a lock with what the Bakefile asks for, without a store and without a network.
struct LockCheck {
    let bakefile: Bakefile
    let environment: [String: String]

    private var path: String { Lock.path(of: bakefile.path) }

    /// What is wrong with a lock, in the order of the text.
    func problems(of lock: Lock?) throws -> [Diagnostic] {
        guard let lock else {
            let asks = try references(architecture: Platform.host.architectureName, lock: nil, .partial)
            if asks.isEmpty { return [] }
            return [
                Diagnostic(
                    at: SourcePlace(file: path, line: 1, column: 1),
                    "there is no lock",
                    .lockMissing,
                    why: "'\(asks[0].name)' asks for something that moves",
                    fix: "run 'ovenbird lock'"
                )
            ]
        }
        var list = DiagnosticList()
        do {
            _ = try references(architecture: Platform.host.architectureName, lock: lock, .required)
        } catch let invalid as InvalidInput {
            list.add(contentsOf: invalid.diagnostics)
        }
        for entry in try unused(in: lock) {
            list.add(
                Diagnostic(
                    at: entry.place,
                    "nothing asks for the entry of \(entry.steps.map { "'\($0)'" }.joined(separator: ", "))",
                    .lockEntryUnused,
                    fix: "run 'ovenbird lock'"
                )
            )
        }
        return list.inFileOrder
    }

    /// The entries that answer no step, each by the architecture that it is for.
    func unused(in lock: Lock) throws -> [Lock.Entry] {
        let asked = try Set(lock.entries.map(\.architecture)).flatMap {
            try references(architecture: $0, lock: nil, .partial).map(\.request)
        }
        return lock.entries.filter { !asked.contains($0.request) }
    }

    /// The names of the steps that ask for something that moves, with their requests.
    func references(
        architecture: String,
        lock: Lock?,
        _ use: Planner.LockUse
    ) throws -> [(name: String, request: Digest)] {
        let request = Planner.Request(
            bakefile: bakefile,
            timestamp: try ImageTimestamp.resolve(bakefile, environment: environment),
            architecture: architecture,
            lock: lock,
            lockUse: use
        )
        let scanner = InputScanner(folder: bakefile.folder, contexts: bakefile.contexts)
        var planner = Planner(request, records: NoRecords(), scanner: scanner)
        return try planner.plan().images.flatMap { image in
            image.steps.compactMap { step in
                step.reference.map { ("\(image.name):\(step.address)", $0.request) }
            }
        }
    }
}
