import ArgumentParser
import Diagnostics
import Reporting
import SystemIO

/// The program: arguments in, exit status out.
package enum Program {
    package static let version = "0.1.0"

    /// Runs the command that the arguments name, to its end.
    package static func run(_ arguments: [String]) async -> Int32 {
        ProcessSetup.prepare()
        FreedMemory.share()
        do {
            try checkCommandName(arguments)
            var command = try Ovenbird.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return ExitStatus.done.rawValue
        } catch {
            return report(error, color: colorChoice(arguments))
        }
    }

    private static func report(_ error: any Error, color: Palette.Choice) -> Int32 {
        let palette = Console.messagePalette(color)
        var failure = CommandFailure(describing: error)
        switch Ovenbird.exitCode(for: error) {
        case .success:
            do {
                try Console.write([Ovenbird.fullMessage(for: error)])
                return ExitStatus.done.rawValue
            } catch {
                failure = CommandFailure(describing: error)
            }
        case .validationFailure:
            failure = CommandFailure(.usage, message: usage(Ovenbird.message(for: error)))
        default: break
        }
        Console.say(failure.lines(palette))
        return failure.status
    }

    /// A message of the argument parser in our manner: it begins with a capital.
    private static func usage(_ message: String) -> String {
        let text = message.prefix(1).lowercased() + message.dropFirst()
        return text + "\n  fix: 'ovenbird help COMMAND' lists what a command takes"
    }

    /// The parser calls an unknown command an unexpected argument and knows no near one.
    private static func checkCommandName(_ arguments: [String]) throws {
        guard let name = arguments.first, !name.hasPrefix("-") else { return }
        let names = Ovenbird.configuration.subcommands.map { $0._commandName } + ["help"]
        if names.contains(name) { return }
        let hidden = Set(
            Ovenbird.configuration.subcommands.filter { !$0.configuration.shouldDisplay }.map { $0._commandName }
        )
        throw InvalidInput(
            Diagnostic(
                "'\(name)' is no command",
                .unknownCommand,
                fix: nearestName(to: name, among: names.filter { !hidden.contains($0) }).map { "write '\($0)'" }
                    ?? "'ovenbird help' lists the commands"
            )
        )
    }

    /// `--color` is needed for messages about arguments that cannot be parsed, too.
    private static func colorChoice(_ arguments: [String]) -> Palette.Choice {
        for (position, argument) in arguments.enumerated() {
            if argument.hasPrefix("--color=") {
                return Palette.Choice(rawValue: String(argument.dropFirst(8))) ?? .auto
            }
            if argument == "--color", position + 1 < arguments.count {
                return Palette.Choice(rawValue: arguments[position + 1]) ?? .auto
            }
        }
        return .auto
    }
}
