import CShims
import Glibc
import SystemIO
import SystemPackage

/// The folders and mounts of one run: the overlay of the parent's layers, and a tmpfs for what must leave no trace.
///
///     SCRATCH/upper, SCRATCH/work     on disk: what the step changes
///     SCRATCH/stage                   tmpfs, in the worker's namespace only:
///         layers/0 ...                symlinks, since all mount options together have one page (4096 bytes)
///         view, root                  the overlay without and with the upper folder
///         stubs                       mount points that the parent has not
///         binds/0 ...                 what is bound into the root
struct OverlayStage {
    /// Of the kernel (OVL_MAX_STACK), less the stubs and an empty folder.
    private static let layerLimit = 498

    let scratch: FilePath
    let layerCount: Int
    let isInUserNamespace: Bool

    var stage: FilePath { scratch.appending("stage") }
    var upper: FilePath { scratch.appending("upper") }
    var view: FilePath { stage.appending("view") }
    var root: FilePath { stage.appending("root") }
    var stubs: FilePath { stage.appending("stubs") }
    var binds: FilePath { stage.appending("binds") }

    /// Makes the folders, and enters the stage: the mounts below name their folders from there.
    static func make(in scratch: FilePath, roots: [FilePath], isInUserNamespace: Bool) throws -> OverlayStage {
        guard roots.count <= layerLimit else {
            throw SandboxError(
                .step,
                "the parent has \(roots.count) layers, and an overlay takes at most \(layerLimit)",
                fix: "join steps, or export the image and start from its rootfs tar"
            )
        }
        // Two steps may leave the same layer, such as one without changes, and an overlay takes no folder twice. What the
        // lower of the two holds, the upper one holds again.
        var seen: Set<FilePath> = []
        let roots = Array(roots.reversed().filter { seen.insert($0).inserted }.reversed())
        let stage = OverlayStage(
            scratch: scratch,
            layerCount: roots.count,
            isInUserNamespace: isInUserNamespace
        )
        for name in ["upper", "work", "stage"] { try Files.makeFolder(scratch.appending(name)) }
        try Mounts.mount(
            "tmpfs",
            on: stage.stage,
            type: "tmpfs",
            flags: Mounts.noDevices | Mounts.noSetuid,
            options: "mode=755"
        )
        for name in ["layers", "view", "root", "stubs", "binds", "state", "empty-0", "empty-1"] {
            try Files.makeFolder(stage.stage.appending(name))
        }
        for (index, root) in roots.enumerated() { try link("layers/\(index)", to: root, in: stage.stage) }
        try link("upper", to: stage.upper, in: stage.stage)
        try link("work", to: scratch.appending("work"), in: stage.stage)
        guard stage.stage.withPlatformString({ chdir($0) }) == 0 else {
            throw SystemError("enter", stage.stage, .current)
        }
        return stage
    }

    /// The parent's tree, for looking only.
    func mountView() throws -> RootFolder {
        // Without an upper folder an overlay wants two others.
        let folders = layersFromTop + ["empty-0"] + (layerCount == 0 ? ["empty-1"] : [])
        try mountOverlay(on: view, "lowerdir=\(folders.joined(separator: ":"))")
        return try RootFolder.open(view)
    }

    /// The tree that the step changes; `withStubs` puts the made mount points over the parent's tree.
    func mountRoot(withStubs: Bool) throws {
        let folders = (withStubs ? ["stubs"] : []) + (layersFromTop.isEmpty ? ["empty-0"] : layersFromTop)
        try mountOverlay(on: root, "lowerdir=\(folders.joined(separator: ":")),upperdir=upper,workdir=work")
    }

    private var layersFromTop: [String] { (0..<layerCount).reversed().map { "layers/\($0)" } }

    /// Without the features that leave in the upper folder what only this very overlay understands.
    private func mountOverlay(on target: FilePath, _ folders: String) throws {
        let features =
            isInUserNamespace ? "userxattr,index=off,metacopy=off" : "index=off,metacopy=off,redirect_dir=off"
        do {
            try Mounts.mount(
                "overlay",
                on: target,
                type: "overlay",
                flags: Mounts.noDevices,
                options: "\(features),\(folders)"
            )
        } catch {
            if let cause = SandboxError.Cause(error) {
                throw SandboxError(.system, "cannot mount an overlay: \(error)", cause: cause)
            }
            throw SandboxError(
                .host,
                "cannot mount an overlay: \(error)",
                why: "the kernel has no overlay file system for this user, or the store lies where none can be: on an "
                    + "overlay, on NFS, or on a file system without extended attributes",
                fix:
                    "put the store on a local ext4, xfs or btrfs file system with '--store'; 'ovenbird doctor' tries it"
            )
        }
    }

    private static func link(_ name: String, to target: FilePath, in folder: FilePath) throws(SystemError) {
        let place = folder.appending(name)
        let result = target.withPlatformString { target in place.withPlatformString { symlink(target, $0) } }
        guard result == 0 else { throw SystemError("make the symlink", place, .current) }
    }
}
