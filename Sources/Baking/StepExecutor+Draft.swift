import Bakefiles
import CShims
import Glibc
import Layers
import Planning
import Store
import SystemIO
import SystemPackage

extension StepExecutor {
    /// Writes the layer of a step that needs no sandbox, straight into the store.
    func draftLayer(
        _ action: Step.Action,
        _ planned: PlannedStep,
        on parent: [Digest],
        from source: TakenImage?,
        cancellation: CancellationFlag
    ) throws -> Digest {
        let root = try layers.root(of: parent)
        let accounts = try Accounts(root: root)
        var draft = LayerDraft(tree: root.tree, timestamp: bake.plan.timestamp, cancellation: cancellation)
        // Opens inputs and digests nothing, so it needs no cache.
        let scanner = InputScanner(folder: bake.bakefile.folder, contexts: bake.bakefile.contexts)
        switch action {
        case .copy(let step):
            if case .image(let name, let path) = step.source, case .layers(let other)? = source {
                try draft.copy(step, from: path, of: name, try layers.root(of: other), accounts: accounts)
            } else {
                try draft.copy(step, inputs: planned.inputs, scanner: scanner, accounts: accounts)
            }
        case .file(let step): try draft.file(step, accounts: accounts)
        case .unpack(let step):
            guard let input = planned.inputs.first else { preconditionFailure("an 'unpack' step has one input") }
            let spool = try spoolFile()
            try PlannedFile(input, scanner: scanner).reading {
                try draft.unpack(step, archive: $0, spool: spool, accounts: accounts)
            }
        case .delete(let step): try draft.delete(step)
        case .symlink(let step): try draft.symlink(step)
        case .directory(let step): try draft.directory(step, accounts: accounts)
        case .user(let step): try draft.user(step, root: root, accounts: accounts)
        case .service(let step): try draft.service(step, root: root)
        case .sshKeys(let step):
            let files = try planned.inputs.map { input in
                let text = try PlannedFile(input, scanner: scanner).reading { try $0.readAll(limit: 1 << 20) }
                return (name: input.name, text: text)
            }
            try draft.sshKeys(step, files: files, root: root, accounts: accounts)
        case .cloudInit(let step): try draft.cloudInit(step, accounts: accounts)
        case .kernel(let step): try draft.kernel(step, root: root, accounts: accounts)
        case .preload(let step):
            guard case .whole(let image, _)? = source else { preconditionFailure("a 'preload' step takes an image") }
            try draft.preload(step, image, accounts: accounts, from: bake.store)
        case .run, .packages: preconditionFailure("'\(action.kind)' runs in a sandbox")
        }
        defer { FreedMemory.giveBack() }
        return try layers.store(draft, hiding: secrets.bytes, cancellation: cancellation)
    }

    /// A file without a name, on the file system of the store: gone with its descriptor, however the process ends.
    private func spoolFile() throws -> SystemIO.Descriptor {
        try SystemIO.Descriptor.open(
            bake.store.temporaryFolder,
            flags: O_RDWR | ob_open_tmpfile_flag(),
            mode: 0o600
        )
    }
}
