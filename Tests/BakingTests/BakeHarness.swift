import Bakefiles
import Baking
import Diagnostics
import Layers
import OCI
import Planning
import Store
import Synchronization
import SystemIO
import SystemPackage
import TestSupport

/// A folder of the user's, a store, and what it takes to plan and bake in them.
final class BakeHarness: Sendable {
    static let place = SourcePlace(file: "Bakefile", line: 1, column: 1)

    let temporary: TemporaryFolder
    let work: FilePath
    let store: ArtifactStore

    init() throws {
        temporary = try TemporaryFolder()
        work = try temporary.makeFolder("work")
        store = try ArtifactStore.open(at: temporary.path.appending("store"), mode: .readWrite)
    }

    /// An image of steps over `scratch`, addressed by kind and ordinal.
    static func image(_ name: String, from base: Base = .scratch, _ actions: [Step.Action]) -> Image {
        var counts: [String: Int] = [:]
        let steps = actions.map { action in
            counts[action.kind, default: 0] += 1
            return Step(address: "\(action.kind)-\(counts[action.kind] ?? 0)", action: action, place: place)
        }
        return Image(name: name, kind: .docker, place: place, base: base, basePlace: place, steps: steps)
    }

    func bakefile(_ images: [Image]) -> Bakefile {
        Bakefile(path: "Bakefile", folder: work, project: "test", images: images)
    }

    func plan(_ images: [Image], timestamp: Int64 = 0) throws -> Plan {
        let request = Planner.Request(bakefile: bakefile(images), timestamp: timestamp, architecture: "amd64")
        var planner = Planner(
            request,
            records: StoreRecords(store: store, project: "test"),
            scanner: InputScanner(folder: work, contexts: [:])
        )
        return try planner.plan()
    }

    /// Bakes, and gives the result with the origin of each step in the order of their ends.
    ///
    /// `plan` is one from before, where the inputs are to have changed since.
    func bake(
        _ images: [Image],
        plan: Plan? = nil,
        timestamp: Int64 = 0
    ) async throws -> (result: BakeResult, ended: [String]) {
        let ended = Mutex<[String]>([])
        let bake = Bake(
            plan: try plan ?? self.plan(images, timestamp: timestamp),
            bakefile: bakefile(images),
            store: store,
            options: .init(jobs: 2, worker: "/nonexistent", environment: [:]),
            recipes: .init(
                importBase: { _, _, _, _, _ in MadeLayers(layers: [], config: nil) },
                importWhole: { base, _, _, _, _ in throw StepError("'\(base.title)' is not taken along") },
                findAMI: { base, _ in throw StepError("'\(base.source.title)' is not looked up") },
                finishImage: { image in
                    let chain = JSONValue.strings(image.layers.map(\.description))
                    let digest = Digester.digest(of: chain.canonicalBytes)
                    return FinishedImage(identity: digest, manifest: digest)
                },
                engineNames: { image, _ in throw StepError("'\(image.name)' is not taken along") },
                archive: { image, _ in throw StepError("'\(image.identity)' is not taken along") }
            ),
            events: { event in
                switch event {
                case .stepFinished(let name, let outcome): ended.withLock { $0.append("\(name) \(outcome.origin)") }
                case .stepFailed(let name, let failure): ended.withLock { $0.append("\(name) \(failure.message)") }
                case .stepSkipped(let name, let cause): ended.withLock { $0.append("\(name) skipped for \(cause)") }
                default: break
                }
            }
        )
        return (try await bake.run(), ended.withLock { $0 })
    }

    /// Bakes one image and gives its tree as lines: kind, mode, owner, path, link target.
    func tree(_ images: [Image], timestamp: Int64 = 0) async throws -> [String] {
        let (result, ended) = try await bake(images, timestamp: timestamp)
        guard let image = result.images.last, result.succeeded else { return ended }
        let root = try LayerCatalog(store: store).root(of: image.layers)
        return root.tree.entries().dropFirst().map { entry in
            let target = entry.linkTarget.isEmpty ? "" : " -> \(String(decoding: entry.linkTarget, as: UTF8.self))"
            return "\(entry.kind) \(octal(entry.mode)) \(entry.owner):\(entry.group) \(entry.path)\(target)"
        }
    }
}
