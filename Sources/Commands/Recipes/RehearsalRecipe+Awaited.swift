import Bakefiles
import ContainerImages
import ImageTests
import OCI
import Rehearsals
import Rollouts
import Store
import SystemIO
import YAML

extension RehearsalRecipe {
    /// What has to come of the machine, and what of the stack is somebody else's to do.
    func awaited(
        of machine: TemplateMachine,
        in root: Node,
        functions: TemplateFunctions,
        handles: WaitHandles,
        userData: [UInt8]
    ) throws -> Rehearsal.Awaited {
        let named = AwaitedSignal.handles(in: root).filter { handles.isNamed($0, in: userData) }
        let (signals, notes) = try AwaitedSignal.all(in: root, for: machine, functions, handles: named)
        var awaited = Rehearsal.Awaited(
            signals: signals,
            handles: handles,
            images: [],
            health: work.stack.health?.page,
            notes: notes
        )
        let taken = machine.userData.map { TemplateFunctions.names(in: $0) } ?? []
        let used = root["Resources"].map { TemplateFunctions.names(in: $0) } ?? []
        for (name, image, parameters) in boundContainerImages() {
            // A parameter that nothing takes is a mistake; one that something else takes is for that.
            if parameters.contains(where: { taken.contains($0) || !used.contains($0) }) {
                awaited.images.append(try awaitedImage(image, name))
            } else {
                let names = parameters.map { "'\($0)'" }.joined(separator: ", ")
                awaited.notes.append("no container of '\(name)' is waited for: \(names) is not in the userdata")
            }
        }
        return awaited
    }

    /// The container images of the release that parameters name, each with those parameters, in the order of the bindings.
    private func boundContainerImages() -> [(name: String, image: ReleasedImage, parameters: [String])] {
        var found: [(name: String, image: ReleasedImage, parameters: [String])] = []
        for binding in work.stack.bindings {
            for case .image(let name, _) in binding.value {
                guard let image = release.images[name], image.kind == .docker else { continue }
                if let index = found.firstIndex(where: { $0.name == name }) {
                    found[index].parameters.append(binding.parameter)
                } else {
                    found.append((name, image, [binding.parameter]))
                }
            }
        }
        return found
    }

    private func awaitedImage(_ image: ReleasedImage, _ name: String) throws -> AwaitedImage {
        let members = image.platforms.values.compactMap { release.images[$0] }
        // Of an image that is not here its container says whether it has a check.
        let isHere = store.hasBlob(image.manifest)
        let contents = isHere ? try release.known(image, named: name).content(in: store).images : []
        return AwaitedImage(
            name: name,
            ids: Set(([image] + members).flatMap { [$0.identity.description, $0.manifest.description] }),
            references: Set(image.references),
            hasHealthCheck: contents.contains { $0.config.execution.healthcheck?.isOn ?? false }
        )
    }
}

extension ImageConfig.Healthcheck {
    /// Whether it checks anything: `NONE` switches that of a base off.
    fileprivate var isOn: Bool { !test.isEmpty && test != ["NONE"] }
}
