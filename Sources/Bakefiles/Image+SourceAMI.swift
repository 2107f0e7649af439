import Diagnostics
import YAML

/// What an image is that starts from an AMI: none of the AMI is here, so there is nothing to make layers on.
extension ImageDraft {
    /// The AMI that `from` names, and where the machine stands; nil for any other base.
    var sourceAMI: AMIBase? {
        guard case .ami(var ami)? = base?.base else { return nil }
        ami.region = registering?.copyFrom ?? ""
        return ami
    }

    /// Whether the AMI that a machine is started from is stated once, with all that it needs and nothing that cannot be.
    func checkSource(_ node: Node, _ reading: inout Reading) -> Bool {
        let before = reading.diagnostics.all.count
        switch (kind, sourceAMI) {
        case (.ami, nil): checkStarted(node, &reading)
        case (.ami, _):
            checkNeeds(node, &reading)
            checkMembers(node, &reading)
            for step in steps { checkStep(step, &reading) }
        case (_, nil): break
        case (_, _):
            reading.report(
                at: node["from"]?.place ?? node.place,
                "'from' cannot be an AMI for a container image",
                .wrongKind,
                fix: "write 'kind: ami', or start from { debian: SUITE }"
            )
        }
        return reading.diagnostics.all.count == before
    }

    /// A machine is started from something.
    private func checkStarted(_ node: Node, _ reading: inout Reading) {
        guard let instance = builder?.instance, instance.source == nil, let place = node["builder"]?["instance"]?.place
        else { return }
        reading.report(
            at: place,
            "'instance' has no 'ami'",
            .missingKey,
            why: "'ami': the AMI that it is started from, in place of the image's base",
            fix: "add ami: { owner: ..., name: ... }, or start the image itself with from: { ami: ... }"
        )
    }

    private func checkNeeds(_ node: Node, _ reading: inout Reading) {
        guard let from = node["from"] else { return }
        if node["builder"] == nil {
            reading.report(
                at: from.place,
                "an image that starts from an AMI has no 'builder'",
                .missingKey,
                why: "nothing of an AMI is here: a machine of EC2 that is started from it does the steps",
                fix: "add builder: { instance: { profile: ..., bucket: ..., types: [...] } }"
            )
        }
        if let other = node["builder"]?["instance"]?["ami"] {
            reading.report(
                at: other.place,
                "the machine is started from the AMI under 'from', and 'ami' names another one",
                .conflictingKeys,
                fix: "remove it"
            )
        }
        if node["ami"] == nil {
            reading.report(
                at: from.place,
                "an image that starts from an AMI has no 'ami'",
                .missingKey,
                why: "an AMI has another id in each region: the first of 'regions' is where it is looked up and baked",
                fix: "add ami: { regions: [...] }"
            )
        }
    }

    private func checkMembers(_ node: Node, _ reading: inout Reading) {
        let reasons = [
            "tests": "nothing of the AMI is here that could be tested",
            "userdata": "nothing of the AMI is here that could be booted",
            "push": "nothing of the AMI is here that could be pushed",
        ]
        for member in node.mapping ?? [] {
            guard let why = reasons[member.name] else { continue }
            reading.report(
                at: member.key.place,
                "an image that starts from an AMI cannot have '\(member.name)'",
                .noLayers,
                why: why,
                fix: "remove it"
            )
        }
    }

    private func checkStep(_ step: StepDraft, _ reading: inout Reading) {
        guard let place = step.place, let kind = step.action?.kind ?? step.agent.map({ _ in "ssm-agent" }) else {
            return
        }
        var owner: Ownership?
        switch step.action {
        case .run, .packages: return
        case .copy(let copy):
            if case .image(let name, _) = copy.source {
                reading.report(
                    at: place,
                    "files of '\(name)' cannot be copied to an image that starts from an AMI yet",
                    .notYet,
                    fix: "copy files of the Bakefile's folder, or of a context"
                )
            }
            owner = copy.owner
        case .file(let file): owner = file.owner
        default:
            reading.report(
                at: place,
                "'\(kind)' cannot be done to an image that starts from an AMI",
                .noLayers,
                why: "nothing of the AMI is here that its result could follow from",
                fix: "write it as 'run', 'copy', 'file' or 'packages'"
            )
        }
        for name in [owner?.user, owner?.group].compactMap(\.self) where UInt32(name) == nil {
            reading.report(
                at: place,
                "the owner '\(name)' is not known here",
                .noLayers,
                why: "the accounts of the AMI are not here",
                fix: "give a number, or follow it with a 'run' of chown"
            )
        }
        if let user = owner?.user, owner?.group == nil, UInt32(user) != nil {
            reading.report(
                at: place,
                "the group of the owner '\(user)' is not known here",
                .noLayers,
                why: "the accounts of the AMI are not here",
                fix: "say the group too, as in '\(user):\(user)'"
            )
        }
    }
}

extension Reading {
    /// Nothing can stand on an image that has no layers here, or take files of it.
    mutating func checkLayers(_ read: [Image]) {
        let without = Set(read.filter { $0.sourceAMI != nil }.map(\.name))
        var reported: Set<SourcePlace> = []
        // That machine images are no containers is said elsewhere.
        for use in imageUses where without.contains(use.name) && use.verb != .preloads {
            guard reported.insert(use.place).inserted else { continue }
            report(
                at: use.place,
                "\(quoted(use.user)) \(use.verb.rawValue) \(quoted(use.name)), which has no layers here",
                .noLayers,
                why: "\(quoted(use.name)) starts from an AMI, and a machine of EC2 does its steps",
                fix: use.verb == .startsFrom ? "start from the same AMI, and repeat the steps" : nil
            )
        }
    }
}
