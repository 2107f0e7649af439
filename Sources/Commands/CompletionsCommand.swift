import ArgumentParser

/// The command `ovenbird completions SHELL`.
struct CompletionsCommand: ParsableCommand {
    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash
        case zsh
        case fish
    }

    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print the completion script of a shell.",
        usage: "ovenbird completions bash|zsh|fish",
        discussion: """
            Example:
              ovenbird completions bash > ~/.local/share/bash-completion/completions/ovenbird
            """
    )

    @Argument(help: "The shell.")
    var shell: Shell

    @OptionGroup var colors: ColorOptions

    func run() throws {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        try Console.write([Ovenbird.completionScript(for: kind)])
    }
}
