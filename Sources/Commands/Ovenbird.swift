import ArgumentParser

/// The root of the commands.
struct Ovenbird: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ovenbird",
        abstract: "Bakes machine images and container images from one Bakefile.",
        discussion: """
            A first bake:
              ovenbird init && ovenbird bake

            Exit status: 0 done or nothing to do; 1 internal; 2 usage or Bakefile wrong; 3 a check failed; \
            4 bake failed; 7 refused by policy; 8 gave up waiting; 10 changes pending; 128 and the signal's number if interrupted.
            """,
        version: "ovenbird \(Program.version)",
        groupedSubcommands: [
            CommandGroup(
                name: "Bake",
                subcommands: [
                    InitCommand.self, CheckCommand.self, PlanCommand.self, LockCommand.self, BakeCommand.self,
                    WhyCommand.self,
                ]
            ),
            CommandGroup(
                name: "Look",
                subcommands: [
                    ImagesCommand.self, InspectCommand.self, HistoryCommand.self, DiffCommand.self, GraphCommand.self,
                ]
            ),
            CommandGroup(
                name: "Deliver",
                subcommands: [
                    ExportCommand.self, LoadCommand.self, BootCommand.self, RehearseCommand.self, PackCommand.self,
                    PushCommand.self, RegisterCommand.self, IAMPolicyCommand.self, PullCommand.self, SignCommand.self,
                    VerifyCommand.self, ReferrersCommand.self, ParamsCommand.self,
                ]
            ),
            CommandGroup(
                name: "House-keeping",
                subcommands: [
                    AMICommand.self, OrphansCommand.self, GcCommand.self, FsckCommand.self, DoctorCommand.self,
                    SchemaCommand.self, CompletionsCommand.self, MetadataCommand.self, SignalsCommand.self,
                ]
            ),
        ]
    )
}
