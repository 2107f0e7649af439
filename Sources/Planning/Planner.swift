package import Bakefiles
import Diagnostics
import OCI
import Store
package import SystemIO

/// Makes a plan: pure but for reading the inputs and looking up what earlier bakes left.
package struct Planner {
    package struct Request: Sendable {
        package var bakefile: Bakefile
        /// The images asked for, empty for all; what they need comes with them.
        package var images: [String]
        /// T, seconds since 1970.
        package var timestamp: Int64
        package var architecture: String
        /// Whether what moves and is not pinned is resolved anew.
        package var refresh: Bool
        /// The labels that images with `labels: { stamp: true }` get.
        package var stamp: [String: String]
        /// What pins it; nil where the Bakefile has no lock.
        package var lock: Lock?
        package var lockUse: LockUse
        /// Asks what other machines have under a content key; nothing is asked where a plan is to need no network.
        package var findShared: @Sendable (StepKey) throws -> SharedLayers? = { _ in nil }

        package init(
            bakefile: Bakefile,
            images: [String] = [],
            timestamp: Int64,
            architecture: String,
            refresh: Bool = false,
            stamp: [String: String] = [:],
            lock: Lock? = nil,
            lockUse: LockUse = .required
        ) {
            self.bakefile = bakefile
            self.images = images
            self.timestamp = timestamp
            self.architecture = architecture
            self.refresh = refresh
            self.stamp = stamp
            self.lock = lock
            self.lockUse = lockUse
        }
    }

    /// What a shared cache would give for a step.
    package struct SharedLayers: Sendable {
        package let layers: [Digest]
        /// Registry and repository.
        package let place: String

        package init(layers: [Digest], place: String) {
            self.layers = layers
            self.place = place
        }
    }

    let request: Request
    let records: any BakeRecords
    var inputs: InputReader
    var diagnostics = DiagnosticList()
    /// What the last step of each image gives: nil where it is not known before a bake.
    private var layers: [String: [Digest]?] = [:]
    /// What leads to the last step of each image, its content where that is known.
    private var symbols: [String: StepKey] = [:]
    /// What the steps of each image have asked for that moves, lowest first.
    private var requests: [String: [Digest]] = [:]
    /// Steps that are not cached, by their symbols, so that the same work in two images is planned once.
    private var firstToRun: [StepKey: String] = [:]
    /// How the configs of the images so far stand.
    private var configs: [String: PlannedConfig] = [:]

    package init(_ request: Request, records: any BakeRecords, scanner: InputScanner) {
        self.request = request
        self.records = records
        self.inputs = InputReader(scanner: scanner)
    }

    /// Throws `InvalidInput` with every mistake found in the inputs.
    package mutating func plan() throws -> Plan {
        var planned: [PlannedImage] = []
        for image in try imagesInOrder() { planned.append(try plan(image)) }
        try diagnostics.throwIfErrors()
        return Plan(
            project: request.bakefile.project,
            timestamp: request.timestamp,
            architecture: request.architecture,
            images: planned
        )
    }

    /// Stands for the want of any layer.
    private static let scratch = StepKey(definition: .string("scratch"))

    private mutating func plan(_ image: Image) throws -> PlannedImage {
        let architecture = image.platform?.architectureName ?? request.architecture
        var chain = Chain(
            image: image.name,
            architecture: architecture,
            layers: [],
            symbol: Self.scratch,
            parent: "from",
            isOfAMI: image.sourceAMI != nil
        )
        var steps: [PlannedStep] = []
        if case .image(let name) = image.base {
            chain.layers = layers[name] ?? nil
            chain.symbol = symbols[name] ?? Self.scratch
            chain.parent = name
            chain.requests = requests[name] ?? []
        } else if let fields = image.base.fields {
            steps.append(try plan(.base(image.base), fields, at: image.basePlace, &chain))
        }
        for step in image.steps {
            steps.append(try plan(.step(step), step.action.fields, at: step.place, &chain))
        }
        layers[image.name] = .some(chain.layers)
        symbols[image.name] = chain.symbol
        requests[image.name] = chain.requests
        let config = try planConfig(of: image, architecture, steps)
        configs[image.name] = config
        return PlannedImage(image: image, steps: steps, config: config)
    }

    /// How the image stands beside its steps.
    private func planConfig(
        of image: Image,
        _ architecture: String,
        _ steps: [PlannedStep]
    ) throws -> PlannedConfig {
        var below = image.members.map(\.image)
        if case .image(let name) = image.base { below = [name] }
        let others = below.compactMap { name in configs[name].map { (name: name, config: $0) } }
        let stamp = image.config.stamp ? request.stamp : nil
        let definition = StepDefinition(
            kind: PlannedConfig.address,
            fields: image.configFields(
                stamp: stamp,
                below: Dictionary(others.map { ($0.name, $0.config.definition.key) }) { first, _ in first }
            ),
            inputs: [:],
            timestamp: request.timestamp,
            architecture: architecture
        )
        let record = try records.lastStep(image: image.name, address: PlannedConfig.address)
        let reason = PlanReason(
            record: record,
            definition: definition,
            inputs: [],
            contentKey: nil,
            parent: nil,
            parentName: "",
            variables: Dictionary(request.bakefile.variables.map { ($0.name, $0.value) }) { _, last in last },
            records: records
        )
        let pending =
            steps.first { !$0.state.isCached }?.address ?? others.first { !$0.config.state.isCached }?.name
        let (state, text): (PlannedStep.State, String) =
            if record?.definition != definition.document {
                (.willRun, try reason.text())
            } else if let pending {
                (.depends(on: pending), "made anew if '\(pending)' gives new bytes")
            } else {
                (.cached, "unchanged")
            }
        return PlannedConfig(definition: definition, state: state, reason: text, stamp: stamp)
    }

    /// What the steps so far give.
    private struct Chain {
        let image: String
        let architecture: String
        var layers: [Digest]?
        /// All that leads here: a content key from the last step on whose content is known, definitions behind it.
        var symbol: StepKey
        /// The step before, or the image that this one starts from.
        var parent: String
        /// What was asked for so far that moves.
        var requests: [Digest] = []
        /// Whether it starts from an AMI, so that a machine of EC2 does the steps.
        var isOfAMI = false
    }

    private mutating func plan(
        _ work: PlannedStep.Work,
        _ fields: JSONValue,
        at place: SourcePlace,
        _ chain: inout Chain
    ) throws -> PlannedStep {
        let read = try readInputs(of: work, at: place)
        let address = work.address
        let name = "\(chain.image):\(address)"
        let isStaged = chain.isOfAMI && !work.isBase
        let reference =
            isStaged
            ? nil
            : reference(
                of: work,
                fields,
                read,
                named: name,
                at: place,
                architecture: chain.architecture,
                below: chain.requests
            )
        if let reference { chain.requests.append(reference.request) }
        let definition = StepDefinition(
            kind: work.kind,
            fields: fields,
            inputs: Dictionary(read.map { ($0.name, $0.tree.digest) }) { first, _ in first },
            packages: reference?.locked?.packages?.digest,
            image: work.isMoving ? reference?.locked?.image : nil,
            ami: reference?.locked?.ami,
            timestamp: request.timestamp,
            architecture: chain.architecture
        )
        let isUnpinned = work.isMoving && !isStaged && reference?.locked == nil
        let source = work.sourceImage
        let sourceContent = try source.map { try taken(from: $0, by: work) } ?? []
        var contentKey: StepKey?
        if let parent = chain.layers, let other = sourceContent {
            contentKey = StepKey(definition: definition.key, parent: parent, others: source == nil ? [] : [other])
        }
        let result = try contentKey.flatMap { try records.result(for: $0) }
        let unknownParent = chain.layers == nil ? chain.parent : source ?? chain.parent
        let others = source.map { [[(symbols[$0] ?? Self.scratch).digest]] } ?? []
        let symbol =
            contentKey ?? StepKey(definition: definition.key, parent: [chain.symbol.digest], others: others)

        // Looked for only where the step is not cached.
        func reason(_ planner: Planner, _ chain: Chain) throws -> String {
            try PlanReason(
                record: planner.records.lastStep(image: chain.image, address: address),
                definition: definition,
                inputs: read,
                contentKey: contentKey,
                parent: chain.layers,
                parentName: chain.parent,
                variables: planner.variables(in: work),
                packages: reference?.locked?.packages,
                records: planner.records
            ).text()
        }
        let resolution = isUnpinned ? try contentKey.flatMap { try records.resolution(of: $0.digest) } : nil
        let isRefreshed = request.refresh && isUnpinned
        let mayBeShared = result == nil && !isRefreshed && !work.isVerified && !chain.isOfAMI
        let shared = mayBeShared ? try contentKey.flatMap(request.findShared) : nil
        let state: PlannedStep.State
        let text: String
        if let result, !isRefreshed {
            (state, text) = (.cached, unchanged(reference, isUnpinned, resolution?.resolved ?? result.createdAt))
        } else if let shared {
            (state, text) = (.cached, "in the shared cache '\(shared.place)'")
        } else if let twin = firstToRun[symbol] {
            (state, text) = (.depends(on: twin), "the same step as '\(twin)', which runs once for both")
        } else if result != nil {
            (state, text) = (.willRun, "'--refresh' resolves it anew")
        } else if contentKey == nil, try records.hasResult(madeBy: definition.key), !isRefreshed {
            let note = "runs if '\(unknownParent)' gives new bytes"
            (state, text) = (.depends(on: unknownParent), note + (try keptNote(reference, isUnpinned)))
        } else if request.refresh, work.isMoving, try records.hasResult(madeBy: definition.key) {
            (state, text) = (.willRun, "'--refresh' resolves it anew")
        } else {
            (state, text) = (
                .willRun, try reason(self, chain) + (isRefreshed ? "" : try keptNote(reference, isUnpinned))
            )
        }
        if !state.isCached, firstToRun[symbol] == nil { firstToRun[symbol] = name }

        let added = result?.layers ?? shared?.layers
        chain.layers = state.isCached ? chain.layers.flatMap { before in added.map { before + $0 } } : nil
        chain.symbol = symbol
        chain.parent = address
        let known = state.isCached ? resolution?.ami : nil
        let ami = try known ?? ami(reference, isUnpinned && !isRefreshed)
        return PlannedStep(
            work: work,
            definition: definition,
            inputs: read,
            contentKey: contentKey,
            state: state,
            reason: text + note(on: work, ami, isStaged: isStaged),
            resolvedAt: state.isCached && isUnpinned ? resolution?.resolved ?? result?.createdAt : nil,
            reference: reference,
            ami: ami,
            isStaged: isStaged
        )
    }

    /// What stands for an image in the key of a step that copies from it or takes it along; nil where it is not known yet.
    private func taken(from image: String, by work: PlannedStep.Work) throws -> [Digest]? {
        guard let preload = work.preload else { return layers[image] ?? nil }
        guard let layers = layers[image] ?? nil, configs[image]?.state.isCached == true,
            let known = try records.lastImage(image), known.layers == layers,
            // A bake that failed elsewhere leaves its steps, and no image of its name.
            try records.lastStep(image: image, address: PlannedConfig.address)?.contentKey.digest == known.identity
        else { return nil }
        let names = request.bakefile.image(named: image)?
            .engineNames(for: preload, project: request.bakefile.project, version: known.version)
        return names.map { preload.key(identity: known.identity, names: $0) }
    }

    /// The values that may have brought a change of `work`, by name.
    private func variables(in work: PlannedStep.Work) -> [String: String] {
        var used = request.bakefile.variables
        if case .step(let step) = work { used = used.filter { step.variables.contains($0.name) } }
        return Dictionary(used.map { ($0.name, $0.value) }) { _, last in last }
    }

    private mutating func readInputs(of work: PlannedStep.Work, at place: SourcePlace) throws -> [StepInput] {
        var read: [StepInput] = []
        for path in work.inputPaths {
            do {
                let input = try inputs.read(path, of: work)
                if let stated = work.statedDigest, let found = input.fileDigest, found != stated {
                    throw InputProblem.otherContent(name: input.name, stated: stated, found: found)
                }
                read.append(input)
            } catch let problem as InputProblem {
                diagnostics.add(problem.diagnostic(at: place))
            } catch let error as SystemError {
                diagnostics.add(Diagnostic(at: place, "\(error)", .inputUnreadable))
            }
        }
        return read
    }
}
