import ArgumentParser

/// The command `ovenbird ami`, which only holds others.
struct AMICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ami",
        abstract: "Look after the AMIs of the project.",
        discussion: """
            Example:
              ovenbird ami list --users && ovenbird ami prune
            """,
        subcommands: [AMIListCommand.self, AMIPruneCommand.self]
    )
}
