import CShims
import Glibc
import Layers
import SystemIO
import SystemPackage

/// Unpacked layers, kept for later steps and shared by all processes of a user.
///
/// The folder of a layer that unpacks to the same files whatever is below is named after its diffID; that of any other
/// layer after the digest of the list of layers that it ends, also where it is the only one of the list. Beside it lies
/// its lock: shared while it is used, exclusive while it is made. What a killed process has left half made has another name
/// and is removed by the next who holds the lock.
struct LayerRoots: Sendable {
    /// A folder that nobody who asks for its lock removes as long as this is held.
    struct Held: Sendable {
        var path: FilePath
        var lock: FileLock
    }

    /// Each has threads and open folders of its own: see `FileMaker`.
    private static let mostAtATime = 4

    let folder: FilePath
    let isInUserNamespace: Bool

    init(folder: FilePath, isInUserNamespace: Bool) throws(SystemError) {
        self.folder = folder
        self.isInUserNamespace = isInUserNamespace
        try Files.makeFolder(folder)
        // Whoever can enter could run the setuid programs of all roots.
        guard folder.withPlatformString({ chmod($0, 0o700) }) == 0 else {
            throw SystemError("set the mode of", folder, .current)
        }
    }

    /// The folders of the layers, lowest first; unpacks what is missing, or waits for another process that does.
    ///
    /// Several are unpacked at a time. Where more than one fails it is the lowest that is told of.
    func prepare(_ layers: [SandboxJob.Layer]) throws -> [Held] {
        var chains: [Digest] = []
        for layer in layers {
            // Like the image specification's ChainID, but that a list of one layer has a name that is not the layer's:
            // a folder that was made with nothing below must never be taken for the layer over others.
            chains.append(Digester.digest(of: "\(chains.last?.description ?? "base") \(layer.diffID)"))
        }
        return try inParallel(layers.count, threads: min(Self.mostAtATime, WorkerThread.processorCount)) { [chains] in
            try prepare(layers, $0, chain: chains[$0])
        }
    }

    private func prepare(_ layers: [SandboxJob.Layer], _ index: Int, chain: Digest) throws -> Held {
        for name in [layers[index].diffID, chain] {
            if let held = try hold(name) { return held }
        }
        return try make(layers, index, chain: chain)
    }

    private func hold(_ name: Digest) throws(SystemError) -> Held? {
        let path = folder.appending(name.hex)
        guard Files.exists(path) else { return nil }
        let lock = try FileLock.acquire(lockPath(name), .shared)
        return Files.exists(path) ? Held(path: path, lock: lock) : nil
    }

    private func make(_ layers: [SandboxJob.Layer], _ index: Int, chain: Digest) throws -> Held {
        let layer = layers[index]
        do {
            let listing = try LayerWork.listing(layer)
            let standsAlone = try listing.isSelfContained(name: LayerWork.name(layer))
            let below =
                standsAlone || index == 0
                ? nil
                : try MergedTree(
                    layers: layers[..<index].map(LayerWork.listing),
                    names: layers[..<index].map(LayerWork.name)
                )
            let name = standsAlone ? layer.diffID : chain
            while true {
                if let held = try hold(name) { return held }
                let exclusive = try FileLock.acquire(lockPath(name), .exclusive)
                defer { exclusive.release() }
                if !Files.exists(folder.appending(name.hex)) { try unpack(layer, listing, over: below, as: name) }
            }
        } catch {
            throw SandboxError.wrapping(error, while: "unpacking the layer \(layer.diffID.short)")
        }
    }

    private func unpack(
        _ layer: SandboxJob.Layer,
        _ listing: LayerListing,
        over below: MergedTree?,
        as name: Digest
    ) throws {
        let temporary = folder.appending("\(name.hex).tmp")
        try Files.removeWholly(temporary)
        try Files.makeFolder(temporary)
        do {
            try LayerWork.unpack(layer, listing, over: below, into: temporary, isInUserNamespace: isInUserNamespace)
            // A root that is there is believed to be whole, also after a loss of power.
            let root = try Descriptor.openFolder(temporary)
            guard ob_syncfs(root.raw) == 0 else { throw SystemError("sync", temporary, .current) }
            try Files.rename(temporary, to: folder.appending(name.hex))
        } catch {
            _ = Files.removeTree(temporary)
            throw error
        }
    }

    private func lockPath(_ name: Digest) -> FilePath { folder.appending("\(name.hex).lock") }
}

extension Files {
    /// Removes a tree, or throws the first of what could not be removed.
    static func removeWholly(_ path: FilePath) throws(SystemError) {
        if let error = removeTree(path).first { throw error }
    }
}
