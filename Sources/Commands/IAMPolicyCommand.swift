import ArgumentParser
import Bakefiles
import Diagnostics
import MachineImages
import Reporting

/// The command `ovenbird iam-policy`.
struct IAMPolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "iam-policy",
        abstract: "Print the least IAM policy with which 'register' works.",
        usage: "ovenbird iam-policy [<options>]",
        discussion: """
            It is made from the Bakefile alone, offline: what its machine images ask for under 'ami' is allowed, in the \
            regions and on the kinds of resources that they name, and nothing else. Allow it to the user or role that CI \
            registers with.

            Example:
              ovenbird iam-policy > policy.json
            """
    )

    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var colors: ColorOptions

    func run() throws {
        let bakefile = try bakefile.read(colors: colors)
        let images = bakefile.images.filter { $0.registering != nil }
        guard !images.isEmpty else {
            throw InvalidInput(
                Diagnostic(
                    "no machine image of the Bakefile has a region",
                    .noRegion,
                    fix: "give one 'ami: { regions: [...] }'"
                )
            )
        }
        try Console.write(LeastPolicy(images).document)
    }
}
