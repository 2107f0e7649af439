import CShims
import Glibc
import Subprocess
import SystemIO
import SystemPackage

/// The hidden command `ovenbird sandbox-worker`: the first process of a sandbox's namespaces.
///
/// Started by `StepSandbox` through unshare(1). Its standard input brings its order and is the lifeline then, its
/// standard output is the step's log; what it has to say itself goes into the report that the order names.
package enum SandboxWorker {
    /// The first argument by which `main` knows that it is to be the worker.
    package static let command = "sandbox-worker"
    /// The exit status, which unshare passes on, of a worker that has no room for its report.
    static let noSpaceStatus: Int32 = 75

    /// Takes the arguments after the program's name; gives the exit status.
    package static func main(_ arguments: [String]) async -> Int32 {
        guard arguments == [command], getpid() == 1 else {
            complain("error: '\(command)' is for ovenbird itself")
            return 2
        }
        _ = ob_use_utf8_locale()
        umask(0o022)
        do {
            let order = try JobFile.decode(WorkerOrder.self, from: try Lifeline.readOrder())
            Lifeline.watch()
            try JobFile.write(await report(order), to: order.report)
            return 0
        } catch {
            complain("\(error)")
            return SandboxError.Cause(error) == .noSpace ? noSpaceStatus : 1
        }
    }

    private static func run(_ command: WorkerOrder.Command) async throws -> Int32 {
        let output = try Descriptor.open(command.output, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        // Under another number: the child's standard output takes the place of ours before its standard error is set.
        let log = Descriptor(adopting: dup(STDOUT_FILENO), path: "the log")
        defer { withExtendedLifetime((output, log)) {} }
        let environment = command.environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
        let outcome = try await Subprocess.run(
            .path(command.program),
            arguments: Arguments(command.arguments),
            environment: .custom(Dictionary(environment) { first, _ in first }),
            workingDirectory: "/",
            input: .none,
            output: .fileDescriptor(FileDescriptor(rawValue: output.raw), closeAfterSpawningProcess: false),
            error: .fileDescriptor(FileDescriptor(rawValue: log.raw), closeAfterSpawningProcess: false)
        )
        return outcome.terminationStatus.asExitStatus
    }

    private static func complain(_ message: String) {
        try? Descriptor(adopting: dup(STDERR_FILENO), path: "standard error").write(Array("\(message)\n".utf8))
    }

    private static func report(_ order: WorkerOrder) async -> WorkerReport {
        do {
            switch order.work {
            case .run(let job, let runtime):
                if let emulator = job.emulator { try Emulation().register(emulator) }
                return WorkerReport(result: try await StepRun(job: job, runtime: runtime).run())
            case .check(let job, let runtime, let limit):
                if let emulator = job.emulator { try Emulation().register(emulator) }
                let status = try await StepRun(job: job, runtime: runtime).status(within: limit)
                return WorkerReport(result: status.map { SandboxResult(exitStatus: $0, layer: nil) })
            case .probe(let job, let runtime, let probes):
                if let emulator = job.emulator { try Emulation().register(emulator) }
                return WorkerReport(answers: try await StepRun(job: job, runtime: runtime).answers(to: probes))
            case .command(let command):
                if let emulator = command.emulator { try Emulation().register(emulator) }
                let status = try await run(command)
                if status != 0, let cause = SandboxError.Cause.found(at: command.output.removingLastComponent()) {
                    throw SandboxError(.system, "'\(command.program)' ended with status \(status)", cause: cause)
                }
                return WorkerReport(result: SandboxResult(exitStatus: status, layer: nil))
            case .remove(let paths):
                for path in paths { try Files.removeWholly(path) }
            case .tryMounts(let scratch):
                let isInUserNamespace = try UserNamespace.isInside()
                let stage = try OverlayStage.make(in: scratch, roots: [], isInUserNamespace: isInUserNamespace)
                try stage.mountRoot(withStubs: false)
                try Mounts.mount("proc", on: stage.view, type: "proc")
            }
            return WorkerReport()
        } catch {
            return WorkerReport(error: SandboxError.wrapping(error, while: "preparing the sandbox"))
        }
    }
}

/// Whether user numbers of this process are mapped.
enum UserNamespace {
    static func isInside() throws -> Bool {
        let map = String(decoding: try Files.read("/proc/self/uid_map", limit: 64 * 1024), as: UTF8.self)
        return map.split(whereSeparator: \.isWhitespace).map(String.init) != ["0", "0", "4294967295"]
    }
}
