import ArgumentParser
import HTTPTransport
import Rehearsals
import SystemPackage

/// The command that `ovenbird rehearse` has QEMU start for each connection to a wait condition handle's address.
struct SignalsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer-signals",
        abstract: "Answer a machine that signals to wait conditions, on standard input and output.",
        shouldDisplay: false
    )

    @Argument(help: "The file that gets what it says.")
    var inbox: String

    @Argument(help: "The id of the stack.")
    var stack: String

    @Argument(help: "The logical ids of the handles.")
    var handles: [String]

    func run() async throws {
        let inbox = SignalInbox(FilePath(inbox), WaitHandles(handles, of: stack))
        try await PipeServer.serve(input: 0, output: 1) { inbox.answer($0) }
    }
}
