import ArgumentParser
import OCI
import Reporting

/// The command `ovenbird doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what this host can do, and how to get what is missing.",
        usage: "ovenbird doctor [<options>]",
        discussion: """
            Exit status 3 where something is missing that every bake needs.

            Example:
              ovenbird doctor
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let findings = try await Doctor(storePath: try store.path()).examine()
        switch output.format {
        case .json: try Console.write(.object(["findings": .array(findings.map(\.document))]))
        case .text: try Console.write(findings.flatMap(lines))
        }
        if findings.contains(where: { $0.isEssential && $0.state == .missing }) {
            throw CommandFailure(.checkFailed, message: "this host cannot bake yet")
        }
    }

    private func lines(_ finding: Doctor.Finding) -> [String] {
        let palette = output.palette
        let mark =
            switch finding.state {
            case .good: palette.green("good   ")
            case .limited: palette.yellow("limited")
            case .missing: palette.red("missing")
            }
        let line = "\(mark)  \(finding.name.padded(to: 22))  \(finding.detail.neutralised)"
        if finding.state == .good { return [line] }
        return [line, "           for: \(finding.purpose)"] + (finding.fix.map { ["           fix: \($0)"] } ?? [])
    }
}
