import Bakefiles
package import Diagnostics
import OCI
package import SystemIO

extension Planner {
    /// What a lock means to a plan.
    package enum LockUse: Sendable {
        /// A step that it does not answer is a mistake.
        case required
        /// A step that it does not answer is resolved.
        case partial
        /// A step that it does not answer is a mistake, but for these requests, which are resolved.
        case requiredExcept(Set<Digest>)

        func requires(_ request: Digest) -> Bool {
            switch self {
            case .required: true
            case .partial: false
            case .requiredExcept(let others): !others.contains(request)
            }
        }
    }

    /// What a step asks for that moves, with the lock's answer; nil for a step that asks for nothing of the kind.
    mutating func reference(
        of work: PlannedStep.Work,
        _ fields: JSONValue,
        _ read: [StepInput],
        named name: String,
        at place: SourcePlace,
        architecture: String,
        below: [Digest]
    ) -> MovingReference? {
        guard work.isLockable else { return nil }
        let digest = MovingReference.request(
            work,
            fields,
            inputs: read,
            architecture: architecture,
            below: below
        )
        let asked = MovingReference(request: digest, found: work.isBaseImage ? read.first?.contentDigest : nil)
        let entry = answer(to: asked, of: name, for: architecture, at: place)
        return MovingReference(request: digest, locked: entry, found: asked.found)
    }

    /// Why a step that the store has does not run.
    func unchanged(_ reference: MovingReference?, _ isUnpinned: Bool, _ resolvedAt: Int64) -> String {
        if isUnpinned { return "unpinned, resolved on \(utcDate(resolvedAt))" }
        return reference?.locked == nil ? "unchanged" : "unchanged, pinned"
    }

    /// What follows the reason of a step that runs with what an earlier one resolved.
    func keptNote(_ reference: MovingReference?, _ isUnpinned: Bool) throws -> String {
        guard isUnpinned else { return "" }
        guard let kept = try reference.flatMap({ try records.resolution(of: $0.request) }) else { return "; unpinned" }
        return "; unpinned, resolved on \(utcDate(kept.resolved))"
    }

    /// The id of an AMI that is asked for: what the lock says, else what it was found to be.
    func ami(_ reference: MovingReference?, _ isKept: Bool) throws -> String? {
        if let locked = reference?.locked { return locked.ami }
        return isKept ? try reference.flatMap { try records.resolution(of: $0.request)?.ami } : nil
    }

    /// What a plan says of a step of an image that starts from an AMI, beside why it runs or does not.
    func note(on work: PlannedStep.Work, _ ami: String?, isStaged: Bool) -> String {
        switch work {
        case .base(.ami(let base)):
            return ami.map { "; \($0) in \(base.region)" } ?? "; its id in \(base.region) is asked for when it is baked"
        case .step(let step):
            guard isStaged, case .packages(let packages) = step.action else { return "" }
            let isMoving = packages.names.contains { !$0.contains("=") }
            return isMoving ? "; the machine's sources say which versions" : ""
        default: return ""
        }
    }

    /// The lock's answer to a step; a missing, stale or contradicting one is a diagnostic where the lock is required.
    private mutating func answer(
        to reference: MovingReference,
        of name: String,
        for architecture: String,
        at place: SourcePlace
    ) -> Lock.Entry? {
        guard let lock = request.lock else { return nil }
        let path = Lock.path(of: request.bakefile.path)
        guard let entry = lock.entry(for: reference.request) else {
            if request.lockUse.requires(reference.request) {
                diagnostics.add(unanswered(name, for: architecture, in: lock, path, at: place))
            }
            return nil
        }
        if case .image(let locked) = entry.content, let found = reference.found, locked != found {
            let image = name.prefix { $0 != ":" }
            diagnostics.add(
                Diagnostic(
                    at: place,
                    "the base image of '\(image)' is not the one in '\(path)'",
                    .lockBaseChanged,
                    why: "it is \(found.short) now, and the lock\(at(entry)) has \(locked.short)",
                    fix: "restore it, or take the new one with 'ovenbird lock --update \(image)'"
                )
            )
        }
        return entry
    }

    private func unanswered(
        _ name: String,
        for architecture: String,
        in lock: Lock,
        _ path: String,
        at place: SourcePlace
    ) -> Diagnostic {
        guard let stale = lock.entry(ofStep: name, architecture: architecture) else {
            return Diagnostic(
                at: place,
                "'\(path)' has no entry for '\(name)'",
                .lockEntryMissing,
                why: "with a lock, everything that moves is in it",
                fix: "run 'ovenbird lock'"
            )
        }
        return Diagnostic(
            at: place,
            "the entry of '\(name)' in '\(path)' is stale",
            .lockEntryStale,
            why: "the step, or one that it stands on, asks for something else than the lock\(at(stale)) answers",
            fix: "run 'ovenbird lock'"
        )
    }

    private func at(_ entry: Lock.Entry) -> String { entry.place.map { " at \($0)" } ?? "" }
}

extension DiagnosticIdentifier {
    /// A step needs an entry that the lock has not.
    package static let lockEntryMissing: Self = "lock-entry-missing"
    /// A step asks for something else than its entry in the lock answers.
    package static let lockEntryStale: Self = "lock-entry-stale"
    /// A base image is another than the lock has.
    package static let lockBaseChanged: Self = "lock-base-changed"
}
