import Glibc
import OCI
import Store
import SystemIO
import SystemPackage

/// A layer as a registry has it.
struct RemoteLayer: Sendable {
    let stored: ContentDescriptor
    let diffID: Digest

    typealias Download =
        @Sendable (ContentDescriptor, @escaping @Sendable ([UInt8]) throws -> Void) async throws -> Void
}

/// Fetches layers, several at a time, and puts each into the store as soon as it is there.
///
/// A layer that is in the store stays there whatever becomes of the others, so that the next run does not fetch it.
struct LayerFetch {
    let base: BaseImport
    let download: RemoteLayer.Download

    /// Downloads at a time.
    private static let width = 4

    private enum Done: Sendable {
        case fetched(RemoteLayer)
        case stored(StoredLayer)
    }

    /// Gives the layers in any order; no two of them have the same diffID.
    func run(_ layers: [RemoteLayer]) async throws -> [StoredLayer] {
        if layers.isEmpty { return [] }
        let work = try base.store.makeWorkFolder("pull")
        // What is fetched is stored though another layer fails, and not where the whole is given up.
        let givenUp = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await run(layers, in: work, givenUp)
        } onCancel: {
            givenUp.set()
        }
    }

    private func run(
        _ layers: [RemoteLayer],
        in work: WorkFolder,
        _ givenUp: CancellationFlag
    ) async throws -> [StoredLayer] {
        try await withThrowingTaskGroup(of: Done.self) { group in
            var toFetch = layers[...]
            var toStore: [RemoteLayer] = []
            var (fetching, storing) = (0, 0)
            var stored: [StoredLayer] = []
            var failure: (any Error)?
            func startNext() {
                while fetching < Self.width, let layer = toFetch.popFirst() {
                    fetching += 1
                    group.addTask {
                        try await fetch(layer, to: spool(of: layer, in: work))
                        return .fetched(layer)
                    }
                }
                while storing < WorkerThread.processorCount, !toStore.isEmpty {
                    let layer = toStore.removeFirst()
                    storing += 1
                    group.addTask {
                        // It must not hold up those who write what the downloads bring.
                        try await BlockingPool.computing.run {
                            Done.stored(try store(layer, from: spool(of: layer, in: work), givenUp))
                        }
                    }
                }
            }
            startNext()
            while let result = await group.nextResult() {
                switch result {
                case .success(.fetched(let layer)):
                    fetching -= 1
                    toStore.append(layer)
                case .success(.stored(let layer)):
                    storing -= 1
                    stored.append(layer)
                case .failure(let error):
                    failure = failure ?? error
                    toFetch = []
                    group.cancelAll()
                }
                startNext()
            }
            if let failure { throw failure }
            return stored
        }
    }

    private func spool(of layer: RemoteLayer, in work: WorkFolder) -> FilePath {
        work.path.appending(layer.diffID.hex)
    }

    private func fetch(_ layer: RemoteLayer, to path: FilePath) async throws {
        let file = try SystemIO.Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        try await download(layer.stored) { try file.write($0) }
    }

    private func store(_ layer: RemoteLayer, from path: FilePath, _ givenUp: CancellationFlag) throws -> StoredLayer {
        let made = try base.explaining {
            try base.storeLayer(
                try SystemIO.Descriptor.openForReading(path),
                diffID: layer.diffID,
                isCompressed: layer.stored.mediaType.layerCompression.map { $0 != .none },
                cancellation: givenUp
            )
        }
        try Files.removeFile(path)
        return made
    }
}
