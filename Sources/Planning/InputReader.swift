import Bakefiles
import Diagnostics
import OCI
import SystemIO

/// Reads the inputs of steps, each tree once.
struct InputReader {
    private struct Request: Hashable {
        let path: InputPath
        let exclude: [String]
    }

    let scanner: InputScanner
    private var trees: [Request: InputTree] = [:]

    init(scanner: InputScanner) { self.scanner = scanner }

    /// Reads one input of `work`.
    mutating func read(_ path: InputPath, of work: PlannedStep.Work) throws -> StepInput {
        let tree =
            switch work {
            case .base(.oci(_, let tag)): try layoutImage(path, tag)
            case .base: try tree(path, [])
            case .step(let step): try tree(path, step.action.excluded)
            }
        guard !tree.isDirectory || work.takesFolders else {
            throw InputProblem.unusable(name: path.name, kind: .directory)
        }
        return StepInput(name: path.name, path: path, tree: tree)
    }

    private mutating func tree(_ path: InputPath, _ exclude: [String]) throws -> InputTree {
        let request = Request(path: path, exclude: exclude)
        if let tree = trees[request] { return tree }
        let tree = try scanner.scan(path, excluding: exclude)
        trees[request] = tree
        return tree
    }

    /// An image of a layout stands for itself by its manifest's digest: what else the layout holds does not count.
    private func layoutImage(_ path: InputPath, _ tag: String?) throws -> InputTree {
        let file = try scanner.open(InputPath(context: path.context, path: path.path + "/index.json"))
        let index: JSONValue
        do {
            index = try JSONValue.parse(try file.readAll(limit: 4 << 20))
        } catch let error as SystemError {
            throw error
        } catch {
            throw InputProblem.malformed(name: "\(path.name)/index.json", reason: "\(error)")
        }
        let manifests = index["manifests"]?.arrayValue ?? []
        let named = manifests.filter {
            tag == nil || $0["annotations"]?["org.opencontainers.image.ref.name"]?.stringValue == tag
        }
        let digests = named.compactMap { $0["digest"]?.stringValue.flatMap { Digest($0) } }
        guard let digest = digests.first, Set(digests).count == 1 else {
            let tags = manifests.compactMap {
                $0["annotations"]?["org.opencontainers.image.ref.name"]?.stringValue
            }
            throw InputProblem.ambiguous(name: path.name, tag: tag, tags: tags.sorted())
        }
        let content = InputTree.Entry.Content.file(digest: digest, size: 0, isExecutable: false)
        return InputTree(entries: .init([.init(path: [], content: content)]))
    }
}
