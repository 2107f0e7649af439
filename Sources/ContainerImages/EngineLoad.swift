import Layers
import OCI
package import Store
import Subprocess
package import SystemIO
import SystemPackage

/// What went wrong with a container engine.
package enum EngineError: Error, Hashable, CustomStringConvertible {
    case missing(engine: String)
    /// The engine's own words.
    case refused(engine: String, action: String, words: String)
    /// The engine says that it holds something else.
    case otherImage(engine: String, name: String, expected: Digest, found: String)

    package var description: String {
        switch self {
        case .missing(let engine):
            "the container engine '\(engine)' is not installed: choose another with '--engine docker', '--engine podman' or a path"
        case .refused(let engine, let action, let words):
            "'\(engine)' could not \(action)" + (words.isEmpty ? "" : ": \(words)")
        case .otherImage(let engine, let name, let expected, let found):
            "'\(engine)' has '\(name)' as '\(found)', not as '\(expected)'"
        }
    }
}

/// Loads an image into a container engine on this machine, and checks what it then has.
package struct EngineLoad: Sendable {
    /// `docker`, `podman`, or the path of a program that understands the same words.
    package let engine: String
    private let environment: [String: String]

    package init(engine: String, environment: [String: String] = [:]) {
        self.engine = engine
        self.environment = environment
    }

    /// Streams the image to `ENGINE load` without a file between, under `names` (`REPOSITORY:TAG`).
    ///
    /// Afterwards each name must stand for the image's identity, or, on engines that keep images by manifest, for its manifest.
    package func load(_ image: StoredImage, from store: ArtifactStore, names: [String]) async throws {
        let layout = ExportedLayout(.image(image), name: names.first, engineNames: names)
        try await stream(layout, from: store)
        for name in names {
            let found = try await imageID(name)
            let id = found.hasPrefix("sha256:") ? found : "sha256:\(found)"
            guard id == image.identity.description || id == image.manifestDigest.description else {
                throw EngineError.otherImage(engine: engine, name: name, expected: image.identity, found: found)
            }
        }
    }

    private func stream(_ layout: ExportedLayout, from store: ArtifactStore) async throws {
        let pipe = try Pipe(name: "\(engine) load")
        let result = try await starting {
            try await Subprocess.run(
                executable,
                arguments: ["load"],
                environment: childEnvironment,
                input: .fileDescriptor(FileDescriptor(rawValue: pipe.readEnd), closeAfterSpawningProcess: false),
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            ) { _ in
                pipe.closeReadEnd()
                return await failure { try await write(layout, from: store, to: pipe) }
            }
        }
        // An engine that reads no further has its reasons; any other failure to write is the first cause.
        if let failure = result.closureResult, (failure as? SystemError)?.code != .brokenPipe,
            (failure as? LayerError)?.problem != .system(SystemError("write", "\(engine) load", .brokenPipe))
        {
            throw failure
        }
        guard result.terminationStatus.isSuccess, result.closureResult == nil else {
            throw EngineError.refused(
                engine: engine,
                action: "load the image",
                words: words(result.standardError, result.standardOutput)
            )
        }
    }

    private func write(_ layout: ExportedLayout, from store: ArtifactStore, to pipe: Pipe) async throws {
        try await BlockingPool.shared.run {
            guard let end = pipe.takeWriteEnd() else { return }
            try Pipe.withoutSignal {
                try layout.archive(from: store, name: end.path.string) { (bytes) throws(SystemError) in
                    try end.write(bytes)
                }
            }
        }
    }

    private func imageID(_ name: String) async throws -> String {
        let result = try await starting {
            try await Subprocess.run(
                executable,
                arguments: ["image", "inspect", "--format", "{{.Id}}", name],
                environment: childEnvironment,
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
        }
        guard result.terminationStatus.isSuccess else {
            throw EngineError.refused(
                engine: engine,
                action: "show the loaded image '\(name)'",
                words: words(result.standardError, result.standardOutput)
            )
        }
        return result.standardOutput.filter { !$0.isWhitespace }
    }

    private var executable: Executable {
        engine.utf8.contains(UInt8(ascii: "/")) ? .path(FilePath(engine)) : .name(engine)
    }

    private var childEnvironment: Environment {
        .inherit.updating(
            Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) })
        )
    }

    private func starting<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw EngineError.missing(engine: engine)
        }
    }

    private func failure(_ body: () async throws -> Void) async -> (any Error)? {
        do {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    /// The last line that the engine said, which is the one that names the cause.
    private func words(_ error: String, _ output: String) -> String {
        let lines = (output.split(whereSeparator: \.isNewline) + error.split(whereSeparator: \.isNewline))
            .filter { !$0.allSatisfy(\.isWhitespace) }
        return lines.last.map { printable(Array($0.utf8)) } ?? ""
    }
}
