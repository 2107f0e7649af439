import Dispatch
import Glibc
import OCI
import Synchronization
import SystemIO
import SystemPackage

/// The trees of instances and images, and the commands that run in them.
///
/// What takes time is done on threads of its own; whoever looks sees how far it is.
final class Machines: Sendable {
    enum Tree: Sendable, Hashable {
        case copying
        case ready
        case failed(String)
    }

    /// A command in a tree.
    struct Run: Sendable {
        var instance: String
        /// How often it was begun: more than once where it asked for a reboot.
        var starts = 0
        /// Set at the end.
        var status: Int?
        /// Whether it was ended from outside.
        var isKilled = false
        var output: [UInt8] = []
        var error: [UInt8] = []
        var process: ChildProcess?
    }

    private struct State {
        var trees: [String: Tree] = [:]
        var runs: [String: Run] = [:]
        var folder: FilePath?
        var isClosed = false
    }

    private let state = Mutex(State())
    private let parent: FilePath
    private let copies = DispatchQueue(label: "fake-aws.copies")
    private let commands = DispatchQueue(label: "fake-aws.commands", attributes: .concurrent)

    /// With the folder in which its own is made.
    init(in parent: FilePath) { self.parent = parent }

    /// Ends what runs, waits for it, and removes all files; nothing begins any more.
    func close() {
        state.withLock { state in
            state.isClosed = true
            for run in state.runs.values where run.status == nil { run.process?.kill() }
        }
        commands.sync(flags: .barrier) {}
        copies.sync {}
        if let folder = state.withLock({ $0.folder }) { _ = Files.removeTree(folder) }
    }

    // MARK: Trees

    /// Where the tree of an instance or image is, or will be.
    func path(_ name: String) throws -> FilePath { try folder().appending("\(name)/root") }

    private func folder() throws -> FilePath {
        try state.withLock { state in
            if let folder = state.folder { return folder }
            let folder = parent.appending("fake-aws-machines.\(String(UInt64.random(in: 0...UInt64.max), radix: 16))")
            try Files.makeFolder(folder, mode: 0o700)
            state.folder = folder
            return folder
        }
    }

    func tree(_ name: String) -> Tree? { state.withLock { $0.trees[name] } }

    /// Begins to copy a tree; the copies come one after the other.
    func copy(_ source: FilePath, to name: String) {
        state.withLock { $0.trees[name] = .copying }
        copies.async {
            let result: Tree
            do {
                result = try self.copyNow(source, to: name)
            } catch {
                result = .failed("\(error)")
            }
            self.state.withLock { $0.trees[name] = result }
        }
    }

    private func copyNow(_ source: FilePath, to name: String) throws -> Tree {
        if state.withLock({ $0.isClosed }) { return .copying }
        let target = try path(name)
        let folder = target.removingLastComponent()
        try Files.makeFolder(folder)
        let messages = folder.appending("copy")
        let process = try ChildProcess(
            ["cp", "-a", "--reflink=auto", "-T", source.string, target.string],
            environment: ["PATH": Self.searchPath],
            output: messages,
            error: messages
        )
        guard process.reap() != 0 else { return .ready }
        return .failed(String(decoding: (try? Files.read(messages)) ?? [], as: UTF8.self))
    }

    /// Removes a tree once nothing uses it.
    func remove(_ name: String) {
        copies.async {
            self.state.withLock { $0.trees[name] = nil }
            if let path = try? self.path(name) { _ = Files.removeTree(path.removingLastComponent()) }
        }
    }

    static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    // MARK: Commands

    func run(_ id: String) -> Run? { state.withLock { $0.runs[id] } }

    /// Whether no command runs in an instance.
    func isIdle(_ instance: String) -> Bool {
        state.withLock { !$0.runs.values.contains { $0.instance == instance && $0.status == nil } }
    }

    /// Whether a tree is copied or a command runs anywhere.
    var isBusy: Bool {
        state.withLock { state in
            state.trees.values.contains(.copying) || state.runs.values.contains { $0.status == nil }
        }
    }

    /// Begins a command.
    func start(_ order: AgentOrder) {
        state.withLock { $0.runs[order.id] = Run(instance: order.instance) }
        commands.async {
            var status = 1
            var failure: String?
            do {
                status = try self.runNow(order)
            } catch {
                failure = "the fake cannot run it: \(error)\n"
            }
            let (output, error) = self.outputs(order)
            self.state.withLock { state in
                state.runs[order.id]?.output = output
                state.runs[order.id]?.error = error + Array((failure ?? "").utf8)
                state.runs[order.id]?.process = nil
                state.runs[order.id]?.status = status
            }
        }
    }

    /// As often as the command asks for a reboot, within the agent's limit.
    private func runNow(_ order: AgentOrder) throws -> Int {
        let folder = try path(order.instance).removingLastComponent()
        let state = folder.appending("run")
        while true {
            try Files.makeFolder(state)
            let input = folder.appending("\(order.id).script")
            try AtomicFile.write(Array(order.script.utf8), to: input)
            guard let process = try begin(order, folder, input) else { return 128 + Int(SIGKILL) }
            process.waitForEnd()
            let (status, starts) = self.state.withLock { state in
                // Its number may be another's from now on.
                state.runs[order.id]?.process = nil
                return (process.reap(), state.runs[order.id].flatMap { $0.isKilled ? nil : $0.starts })
            }
            guard status == AgentOrder.rebootStatus, let starts, starts < AgentOrder.mostStarts else { return status }
            // What is in memory only is gone.
            _ = Files.removeTree(state)
        }
    }

    private func begin(_ order: AgentOrder, _ folder: FilePath, _ input: FilePath) throws -> ChildProcess? {
        let (output, error) = (folder.appending("\(order.id).output"), folder.appending("\(order.id).error"))
        return try state.withLock { state in
            if state.isClosed || state.runs[order.id]?.isKilled == true { return nil }
            let process = try ChildProcess(
                order.arguments(folder),
                environment: order.environment,
                input: input,
                output: output,
                error: error
            )
            state.runs[order.id]?.starts += 1
            state.runs[order.id]?.process = process
            return process
        }
    }

    private func outputs(_ order: AgentOrder) -> ([UInt8], [UInt8]) {
        func content(_ kind: String, _ stream: String) -> [UInt8] {
            do {
                let tree = try path(order.instance)
                // What keeps the script from being run.
                let before = try Files.read(tree.removingLastComponent().appending("\(order.id).\(kind)"))
                let said = tree.appending("\(order.place)/\(stream)")
                return before + (Files.exists(said) ? try Files.read(said) : [])
            } catch {
                return Array("the fake cannot read it: \(error)\n".utf8)
            }
        }
        return (content("output", "stdout"), content("error", "stderr"))
    }

    func kill(_ id: String) {
        state.withLock { state in
            guard let run = state.runs[id], run.status == nil else { return }
            state.runs[id]?.isKilled = true
            run.process?.kill()
        }
    }

    /// Ends all that runs in an instance.
    func killAll(_ instance: String) {
        for id in state.withLock({ $0.runs.filter { $0.value.instance == instance }.keys }) { kill(id) }
    }
}
