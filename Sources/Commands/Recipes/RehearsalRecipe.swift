import Bakefiles
import Diagnostics
import HTTPTransport
import MachineImages
import Rehearsals
import Rollouts
import Store
import SystemIO
import SystemPackage
import YAML

/// From a stack and a release to the machine that the stack would start, and what it would find.
struct RehearsalRecipe {
    let work: ParameterWork
    let release: Release
    /// The logical id of the resource that starts the machine, where a user named it.
    let resource: String?
    let store: ArtifactStore

    /// The machine image, and how it is rehearsed for at most `limit` seconds.
    func prepared(limit: Double) throws -> (image: KnownImage, rehearsal: Rehearsal, remarks: [Diagnostic]) {
        let filled = try work.filledTemplate(from: release)
        let root = filled.root
        let (machine, name) = try machine(in: root)
        guard let image = release.images[name] else {
            throw InvalidInput(
                Diagnostic("the machine image '\(name)' is not in the release", .imageNotFound, fix: "bake it")
            )
        }
        let (stack, region) = (work.stack.name, work.environment.region)
        let handles = WaitHandles(
            AwaitedSignal.handles(in: root),
            of: TemplateFunctions.stackID(of: stack, in: region)
        )
        let functions = TemplateFunctions(
            root,
            parameters: filled.values,
            references: handles.addresses,
            stackName: stack,
            region: region
        )
        let userData = try userData(of: machine, functions)
        let limitOfUserData = InstanceMetadata.longestUserData
        guard userData.count <= limitOfUserData else {
            throw InvalidInput(
                Diagnostic(
                    at: machine.userData?.place,
                    "the userdata of '\(machine.name)' has \(userData.count) bytes, and EC2 takes \(limitOfUserData)",
                    .noRehearsal
                )
            )
        }
        let known = release.known(image, named: name)
        let rehearsal = Rehearsal(
            stack: stack,
            region: region,
            userData: userData,
            awaited: try awaited(
                of: machine,
                in: root,
                functions: functions,
                handles: handles,
                userData: userData
            ),
            limit: limit,
            hidden: filled.hidden
        )
        return (known, rehearsal, filled.remarks)
    }

    /// What the machine finds: EC2 takes userdata in Base64 alone.
    private func userData(of machine: TemplateMachine, _ functions: TemplateFunctions) throws -> [UInt8] {
        guard let node = machine.userData else { return [] }
        let text = try functions.text(node).filter { !$0.isWhitespace }
        if let bytes = Base64.decode(text) { return bytes }
        throw InvalidInput(
            Diagnostic(
                at: node.place,
                "the userdata of '\(machine.name)' is not in Base64",
                .noRehearsal,
                why: "EC2 refuses it as it is",
                fix: "put it into 'Fn::Base64'"
            )
        )
    }

    /// The resource that starts a machine of a bound machine image, and that image.
    private func machine(in root: Node) throws -> (machine: TemplateMachine, image: String) {
        let all = TemplateMachine.all(in: root)
        if let resource, !all.contains(where: { $0.name == resource }) {
            throw failure(
                "the template has no '\(resource)' that starts machines",
                fix: nearestName(to: resource, among: all.map(\.name)).map { "write '--resource \($0)'" }
            )
        }
        let found = all.compactMap { machine -> (machine: TemplateMachine, image: String)? in
            if let resource, machine.name != resource { return nil }
            return boundImage(of: machine).map { (machine, $0) }
        }
        guard let first = found.first else {
            throw failure(
                "nothing in the template of '\(work.stack.name)' starts a machine image of the Bakefile",
                fix: "bind the parameter of its 'ImageId' to '${images.NAME.ami}'"
            )
        }
        guard found.count == 1 else {
            let names = found.map { "'\($0.machine.name)'" }.joined(separator: ", ")
            throw failure("the template starts several machines: \(names)", fix: "choose one with '--resource'")
        }
        return first
    }

    private func boundImage(of machine: TemplateMachine) -> String? {
        guard let binding = work.stack.bindings.first(where: { $0.parameter == machine.imageParameter }),
            binding.value.count == 1, case .image(let name, .ami) = binding.value[0]
        else { return nil }
        return name
    }

    private func failure(_ message: String, fix: String?) -> InvalidInput {
        InvalidInput(Diagnostic(at: work.stack.place, message, .noRehearsal, fix: fix))
    }
}
