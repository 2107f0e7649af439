import Bakefiles
import Diagnostics
import OCI
import Planning
import Store
import SystemIO
import SystemPackage
import TestSupport

/// What earlier bakes left, in memory.
struct MemoryRecords: BakeRecords {
    var results: [StepKey: StoredResult] = [:]
    var definitions: Set<StepKey> = []
    var last: [String: StepRecord] = [:]
    var listings: [Digest: String] = [:]

    func result(for key: StepKey) throws -> StoredResult? { results[key] }
    func hasResult(madeBy definition: StepKey) throws -> Bool { definitions.contains(definition) }
    func lastStep(image: String, address: String) throws -> StepRecord? { last["\(image):\(address)"] }
    func forEachPart(ofListing digest: Digest, _ body: (String) -> Bool) throws -> Bool {
        guard let text = listings[digest] else { return false }
        _ = body(text)
        return true
    }
}

/// A folder with inputs, and bakes of it that follow a plan without making anything.
final class Workshop {
    let folder: TemporaryFolder
    var records = MemoryRecords()
    var images: [Image]
    var variables: [Variable] = []
    var contexts: [String: FilePath] = [:]
    var timestamp: Int64 = 0
    var refresh = false
    var lock: Lock?
    var stamp: [String: String] = [:]
    var wanted: [String] = []
    /// What a step leaves, by `image:address`, where that is not a matter of its key alone.
    var bytes: [String: String] = [:]

    init(_ images: [Image] = []) throws {
        folder = try TemporaryFolder()
        self.images = images
    }

    func plan() throws -> Plan {
        let bakefile = Bakefile(
            path: "Bakefile",
            folder: folder.path,
            project: "storefront",
            variables: variables,
            contexts: contexts,
            images: images
        )
        var planner = Planner(
            .init(
                bakefile: bakefile,
                images: wanted,
                timestamp: timestamp,
                architecture: "amd64",
                refresh: refresh,
                stamp: stamp,
                lock: lock
            ),
            records: records,
            scanner: InputScanner(folder: folder.path, contexts: contexts)
        )
        return try planner.plan()
    }

    /// Bakes by the keys, as a bake does, and answers which steps ran, in order.
    @discardableResult
    func bake() throws -> [String] {
        let plan = try plan()
        var ran: [String] = []
        var layers: [String: [Digest]] = [:]
        for planned in plan.images {
            var chain: [Digest] = []
            if case .image(let name) = planned.image.base { chain = layers[name] ?? [] }
            for step in planned.steps {
                let name = "\(planned.name):\(step.address)"
                var others: [[Digest]] = []
                if case .step(let value) = step.work, let source = value.action.sourceImage {
                    others = [layers[source] ?? []]
                }
                let key = StepKey(definition: step.definitionKey, parent: chain, others: others)
                let isForced = refresh && step.state == .willRun
                let result: StoredResult
                if let known = records.results[key], !isForced {
                    result = known
                } else {
                    let layer = Digester.digest(of: bytes[name] ?? key.description)
                    result = StoredResult(
                        contentKey: key.digest,
                        definitionKey: step.definitionKey.digest,
                        layers: [layer],
                        byteSize: 1,
                        createdAt: 1_700_000_000
                    )
                    ran.append(name)
                }
                records.results[key] = result
                records.definitions.insert(step.definitionKey)
                for input in step.inputs { records.listings[input.tree.digest] = input.tree.lines.joined() }
                records.last[name] = StepRecord(
                    definition: step.definition.document,
                    contentKey: key,
                    parent: chain,
                    variables: Dictionary(variables.map { ($0.name, $0.value) }) { _, last in last }
                )
                chain += result.layers
            }
            layers[planned.name] = chain
            guard let config = planned.config else { continue }
            records.last["\(planned.name):\(PlannedConfig.address)"] = StepRecord(
                definition: config.definition.document,
                contentKey: StepKey(definition: config.definition.key, parent: chain),
                parent: chain,
                variables: Dictionary(variables.map { ($0.name, $0.value) }) { _, last in last }
            )
        }
        return ran
    }

    /// Each step as `image:address state: reason`.
    func lines() throws -> [String] {
        try plan().images.flatMap { image in
            image.steps.map { "\(image.name):\($0.address) \($0.state.word): \($0.reason)" }
        }
    }
}

let here = SourcePlace(file: "Bakefile", line: 4, column: 7)

func image(_ name: String, from base: Base = .scratch, _ actions: Step.Action...) -> Image {
    var counts: [String: Int] = [:]
    let steps = actions.map { action in
        counts[action.kind, default: 0] += 1
        return Step(address: "\(action.kind)-\(counts[action.kind] ?? 0)", action: action, place: here)
    }
    let start = SourcePlace(file: "Bakefile", line: 3, column: 11)
    return Image(name: name, kind: .docker, place: here, base: base, basePlace: start, steps: steps)
}

func copy(_ paths: String..., to destination: String = "/srv/", exclude: [String] = []) -> Step.Action {
    .copy(
        CopyStep(source: .files(paths.map { InputPath(path: $0) }), destination: destination, exclude: exclude)
    )
}

func copy(fromImage name: String, _ path: String = "/srv") -> Step.Action {
    .copy(CopyStep(source: .image(name: name, path: path), destination: "/from/"))
}

func run(_ text: String) -> Step.Action { .run(RunStep(command: .shell(text))) }

func file(_ path: String, _ content: String) -> Step.Action { .file(FileStep(path: path, content: content)) }

func variable(_ name: String, _ value: String) -> Variable {
    Variable(name: name, value: value, origin: .commandLine, place: here)
}
