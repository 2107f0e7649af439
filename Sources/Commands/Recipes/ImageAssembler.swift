import Bakefiles
import Baking
import ContainerImages
import Diagnostics
import MachineImages
import OCI
import Planning
import Registry
import Rollouts
import Store
import Synchronization
import SystemIO
import SystemPackage

/// Makes images of layers: what the bake calls when the layers of an image, or the files of a base, are there.
final class ImageAssembler: Sendable {
    private let recipe: BakeRecipe
    let plan: Plan
    let stamp: [String: String]
    /// The configs of the images so far, for those that start from them.
    private let configs = Mutex<[String: ImageConfig]>([:])

    init(recipe: BakeRecipe, plan: Plan, stamp: [String: String]) {
        self.recipe = recipe
        self.plan = plan
        self.stamp = stamp
    }

    private var store: ArtifactStore { recipe.store }

    @Sendable func importBase(
        _ base: Base,
        _ platform: Platform,
        _ inputs: [StepInput],
        _ bakefile: Bakefile,
        _ store: ArtifactStore
    ) async throws -> MadeLayers {
        if case .registry(let reference, let keys) = base {
            return try await remote(reference, keys, platform, inputs, bakefile) { image in
                let imports = BaseImport(store: store, platform: platform, name: "registry \(reference)", place: nil)
                let imported = try await imports.registry(image)
                return MadeLayers(
                    layers: imported.layers.map(\.digest),
                    config: imported.config?.json,
                    entry: image.entry
                )
            }
        }
        // Other images may be fetched at the same time.
        return try await BlockingPool.computing.run {
            let scanner = InputScanner(folder: bakefile.folder, contexts: bakefile.contexts)
            let imports = BaseImport(
                store: store,
                platform: platform,
                name: base.title,
                place: nil
            )
            guard let input = inputs.first else { preconditionFailure("'\(base.title)' is no file") }
            let imported =
                switch base {
                case .oci(_, let tag): try imports.layout(input, tag: tag, scanner: scanner)
                case .dockerArchive(_, let tag):
                    try PlannedFile(input, scanner: scanner).reading {
                        try imports.dockerArchive(openPath($0), tag: tag)
                    }
                default:
                    try PlannedFile(input, scanner: scanner).reading {
                        try imports.rootfs(openPath($0), latestTime: self.plan.timestamp)
                    }
                }
            return MadeLayers(layers: imported.layers.map(\.digest), config: imported.config?.json)
        }
    }

    /// Where the Bakefile asks for an image of a registry, whatever digest it was resolved to.
    private func place(of reference: Reference, _ keys: [InputPath]) -> SourcePlace? {
        func isAsked(by base: Base?) -> Bool {
            guard case .registry(let asked, keys)? = base else { return false }
            return asked.name == reference.name && asked.tag == reference.tag
        }
        for image in plan.images.map(\.image) {
            if isAsked(by: image.base) { return image.basePlace }
            for step in image.steps {
                if case .preload(let preload) = step.action, isAsked(by: preload.base) { return step.place }
            }
        }
        return nil
    }

    /// Fetches an image of a registry, which is one of the store afterwards, with the identity that it has there.
    @Sendable func importWhole(
        _ base: Base,
        _ platform: Platform,
        _ inputs: [StepInput],
        _ bakefile: Bakefile,
        _ store: ArtifactStore
    ) async throws -> MadeLayers {
        guard case .registry(let reference, let keys) = base else { preconditionFailure("'\(base.title)' is at hand") }
        return try await remote(reference, keys, platform, inputs, bakefile) { image in
            let imports = BaseImport(store: store, platform: platform, name: base.title, place: nil)
            let imported = try await imports.registry(image)
            let manifest = try await BlockingPool.shared.run { try imports.store(image, imported) }
            let kept = FinishedImage(identity: image.manifest.config.digest, manifest: manifest.digest)
            return MadeLayers(layers: [], config: nil, entry: image.entry, image: kept)
        }
    }

    /// What an image of a registry is; none of its layers is fetched.
    @Sendable func resolveBase(
        _ base: Base,
        _ platform: Platform,
        _ inputs: [StepInput],
        _ bakefile: Bakefile,
        _ store: ArtifactStore
    ) async throws -> MadeLayers {
        guard case .registry(let reference, let keys) = base else { preconditionFailure("'\(base.title)' is at hand") }
        return try await remote(reference, keys, platform, inputs, bakefile) { image in
            MadeLayers(layers: [], config: image.config.json, entry: image.entry)
        }
    }

    /// Gives `body` an image of a registry, of which nothing but manifest and config has been fetched.
    ///
    /// Nothing of one that has to be signed and is not comes into the store.
    private func remote(
        _ reference: Reference,
        _ keys: [InputPath],
        _ platform: Platform,
        _ inputs: [StepInput],
        _ bakefile: Bakefile,
        _ body: (RemoteImage) async throws -> MadeLayers
    ) async throws -> MadeLayers {
        let place = place(of: reference, keys)
        let trusted = try await BlockingPool.shared.run { try TrustedKeys(inputs, of: bakefile, at: place) }
        return try await RegistryAccess(insecure: recipe.options.insecure, environment: recipe.options.environment)
            .session { session in
                let image = try await ImagePull(session: session, platform: platform).resolve(reference)
                if let trusted {
                    do {
                        try await image.verify(by: trusted)
                    } catch let error as RegistryError where error.kind == .notSigned {
                        throw InvalidInput(error.diagnostic("cannot use '\(reference)'", at: place))
                    }
                }
                return try await body(image)
            }
    }

    @Sendable func finish(_ image: LayeredImage) async throws -> FinishedImage {
        try await BlockingPool.shared.run {
            if !image.members.isEmpty { return try self.finish(members: image) }
            let assembled = try self.assembly(of: image).assemble()
            try assembled.store(in: self.store, project: self.plan.project, image: image.name)
            self.configs.withLock { $0[image.name] = assembled.config }
            if image.image.kind == .ami { try self.stageBundles(of: image, assembled) }
            return FinishedImage(identity: assembled.identity, manifest: assembled.manifestDigest)
        }
    }

    /// What a machine image takes along of an image of the store.
    @Sendable func archive(_ image: FinishedImage, _ names: [String]) async throws -> PreloadedImage {
        try await BlockingPool.shared.run {
            let stored = try StoredImage(manifest: image.manifest, in: self.store)
            let layout = ExportedLayout(.image(stored), name: names.first, engineNames: names)
            return PreloadedImage(
                identity: image.identity,
                manifest: image.manifest,
                names: names,
                documents: layout.documents,
                blobs: layout.blobs
            )
        }
    }

    /// One image for several platforms: an index of images that are there.
    private func finish(members image: LayeredImage) throws -> FinishedImage {
        let members = try image.members.map { member in
            guard let finished = member.finished else { preconditionFailure("a member is finished before the whole") }
            return try StoredImage(manifest: finished.manifest, in: store)
        }
        let index = PlatformIndex(members)
        try index.store(in: store, project: plan.project, image: image.name)
        return FinishedImage(identity: index.digest, manifest: index.digest)
    }

    /// Leaves each step of a machine image as a tar that applies itself on a builder machine.
    private func stageBundles(of image: LayeredImage, _ assembled: AssembledImage) throws {
        let bakefile = recipe.bakefile
        let scanner = InputScanner(folder: bakefile.folder, contexts: bakefile.contexts)
        try StepBundles.stage(
            BundledImage(image, of: plan, identity: assembled.identity, manifest: assembled.descriptor),
            in: store,
            layers: LayerCatalog(store: store)
        ) { try scanner.open($0) }
    }

    private func assembly(of image: LayeredImage) throws -> ImageAssembly {
        if let source = image.sourceAMI { return machineAssembly(of: image, source) }
        var inherited =
            try image.base.flatMap { name in configs.withLock { $0[name] } }
            ?? image.baseConfig.map { try ImageConfig(decoding: $0.canonicalBytes) }
        // What the Bakefile states is what it is, with or without the variant that the base gives itself.
        if let stated = image.image.platform { inherited?.platform = stated }
        return ImageAssembly(
            kind: image.image.kind,
            settings: image.image.config,
            inherited: inherited,
            layers: try layers(of: image, titled: inherited == nil),
            machine: image.image.machine,
            timestamp: plan.timestamp,
            platform: image.platform(onHost: plan.architecture),
            stamp: image.image.config.stamp ? stamp : [:]
        )
    }

    /// All layers with the step that made each; those of a base with a config of its own have their history there.
    private func layers(of image: LayeredImage, titled hasOwnBase: Bool) throws -> [ImageAssembly.Layer] {
        let titles = self.titles(of: image)
        return try image.layers.enumerated().map { index, digest in
            guard let size = store.blobSize(digest) else { throw StoreError.blobMissing(digest) }
            let isBase = index < image.baseLayerCount
            return .init(diffID: digest, size: size, title: isBase && !hasOwnBase ? nil : titles[index].title)
        }
    }

    /// For each layer the address and the title of the step that left it.
    private func titles(of image: LayeredImage) -> [(address: String, title: String)] {
        var titles = [(address: String, title: String)](
            repeating: ("from", image.image.base.title),
            count: image.base == nil ? 0 : image.baseLayerCount
        )
        for step in image.steps {
            titles += step.outcome.layers.map { _ in (step.planned.address, step.planned.title) }
        }
        return titles
    }

    /// What a release says of the image.
    func released(_ image: LayeredImage, version: String) throws -> ReleasedImage {
        guard let finished = image.finished else { preconditionFailure("only a finished image is released") }
        let titles = self.titles(of: image)
        let layers = try (image.sourceAMI == nil ? image.layers : []).enumerated().map { index, digest in
            guard let size = store.blobSize(digest) else { throw StoreError.blobMissing(digest) }
            return ReleasedImage.Layer(diffID: digest, size: size, step: titles[index].address)
        }
        return ReleasedImage(
            kind: image.image.kind,
            version: version,
            identity: finished.identity,
            manifest: finished.manifest,
            platforms: Dictionary(image.image.members.map { ($0.platform.description, $0.image) }) { first, _ in first
            },
            base: base(of: image),
            layers: layers,
            references: image.image.destinations.map { "\($0.repository):\(version)" },
            inputs: try image.steps.flatMap { try inputs(of: $0) },
            usedImages: usedImages(of: image)
        )
    }

    /// What a step read, and the list of the packages that it is made of, which is kept as a blob.
    private func inputs(of step: LayeredImage.DoneStep) throws -> [ReleasedImage.Input] {
        let address = step.planned.address
        let read = step.planned.inputs.map {
            ReleasedImage.Input(step: address, path: $0.name, digest: $0.tree.digest, content: $0.fileDigest)
        }
        guard let list = step.resolution?.packages else { return read }
        let blob = try store.putBlob(Array(list.text.utf8))
        return read + [.init(step: address, path: ReleasedImage.Input.packages, digest: blob.digest)]
    }

    private func usedImages(of image: LayeredImage) -> [ReleasedImage.UsedImage] {
        image.steps.compactMap { step in
            let address = step.planned.address
            if let base = step.planned.work.preload?.base {
                guard let digest = step.resolution?.image ?? base.pinned else { return nil }
                return .init(step: address, image: base.title, identity: digest)
            }
            guard let name = step.planned.work.sourceImage, let identity = identity(of: name) else { return nil }
            return .init(step: address, image: name, identity: identity)
        }
    }

    private func identity(of name: String) -> Digest? { configs.withLock { $0[name] }?.identity }

    private func base(of image: LayeredImage) -> ReleasedImage.Base {
        let from = image.steps.first { $0.planned.address == "from" }
        // Keys that verify a base are inputs, and are not what the image starts from.
        var hasOnlyKeys: Bool {
            switch image.image.base {
            case .debian, .registry, .ami: true
            default: false
            }
        }
        let digest =
            image.base.flatMap { identity(of: $0) }
            ?? (hasOnlyKeys ? nil : from?.planned.inputs.first?.tree.digest) ?? from?.resolution?.image
            ?? image.image.base.pinned ?? (image.sourceAMI == nil ? from?.outcome.layers.first : nil)
        // As the bake knows it, which the plan of the first one did not yet.
        let resolved = from.flatMap { $0.planned.isUnpinned ? $0.resolution?.resolved ?? $0.planned.resolvedAt : nil }
        return .init(
            from: image.image.base.title,
            digest: digest,
            resolved: resolved,
            ami: image.sourceAMI?["ami"]?.stringValue
        )
    }
}

extension Base {
    /// The digest that a registry's image is named by.
    fileprivate var pinned: Digest? { if case .registry(let reference, _) = self { reference.digest } else { nil } }
}

extension BaseImport {
    /// The image of a layout that the plan found: everything below its digest is verified by digests.
    fileprivate func layout(_ input: StepInput, tag: String?, scanner: InputScanner) throws -> ImportedBase {
        let folder = try scanner.open(input.path)
        let imported = try layout(openPath(folder), tag: tag)
        guard case .file(let planned, _, _)? = input.tree.entries.first?.content, imported.entry == planned else {
            throw StepError.changedInput(input.name)
        }
        return imported
    }
}

/// A name for what the kernel resolved inside its folder: it is read by its descriptor, not by the name that it had.
private func openPath(_ file: SystemIO.Descriptor) -> FilePath { FilePath("/proc/self/fd/\(file.raw)") }

/// `ovenbird 0.1.0`: what a release says made it.
let programVersion = "ovenbird \(Program.version)"
