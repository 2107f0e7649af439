import ArgumentParser
import Bakefiles
import OCI
import Reporting
import Rollouts

/// The command `ovenbird schema DOCUMENT`.
struct SchemaCommand: ParsableCommand {
    enum Document: String, CaseIterable, ExpressibleByArgument {
        case bakefile
        case release
        case plan
        case lock
    }

    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of a document.",
        usage: "ovenbird schema [bakefile|release|plan|lock]",
        discussion: """
            Editors use the Bakefile's schema to complete and check what is written.

            Example:
              ovenbird schema bakefile > bakefile.schema.json
            """
    )

    @Argument(help: "The document.")
    var document: Document = .bakefile

    @OptionGroup var colors: ColorOptions

    func run() throws {
        let schema: JSONValue =
            switch document {
            case .bakefile: BakefileSchema.json
            case .release: try JSONValue.parse(Release.schema)
            case .plan: PlanDocument.schema
            case .lock: LockSchema.json
            }
        try Console.write(schema)
    }
}
