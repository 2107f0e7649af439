import ArgumentParser
import Bakefiles
import Diagnostics
import MachineImages
import Reporting

/// The command `ovenbird iam-policy`.
struct IAMPolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "iam-policy",
        abstract: "Print the least IAM policy with which 'register', 'push' and 'bake' work.",
        usage: "ovenbird iam-policy [<options>]",
        discussion: """
            It is made from the Bakefile alone, offline: what its machine images ask for under 'ami' is allowed, in the \
            regions and on the kinds of resources that they name; pushes to the repositories of AWS under 'push' and \
            'cache', and pulls from those that it starts from; and nothing else. So dry runs, 'plan --online', 'lock' and \
            what looks at images in these repositories work too; 'ami' and 'orphans' need more. Allow it to the user or role \
            that CI bakes, pushes and registers with.

            Example:
              ovenbird iam-policy > policy.json
            """
    )

    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var colors: ColorOptions

    func run() throws {
        let policy = LeastPolicy(try bakefile.read(colors: colors))
        guard !policy.isEmpty else {
            throw InvalidInput(
                Diagnostic(
                    "no machine image of the Bakefile has a region, and nothing is in a registry of AWS",
                    .noRegion,
                    why: "so it needs nothing that could be allowed",
                    fix:
                        "give an image 'ami: { regions: [...] }', or a 'push:' to 'ACCOUNT.dkr.ecr.REGION.amazonaws.com'"
                )
            )
        }
        try Console.write(policy.document)
    }
}
