import Bakefiles
import Diagnostics
import ImageTests
import MachineImages
import Reporting
import Store
import SystemPackage

extension BootCommand {
    /// Boots the machine for its tests, and ends with them.
    func test(
        _ tests: [ImageTest],
        _ boot: MachineBoot,
        _ disk: MachineDisk,
        _ known: KnownImage,
        _ program: FilePath,
        _ store: ArtifactStore
    ) async throws {
        let testing = ImageTesting(
            store: store,
            project: known.project,
            worker: program,
            environment: Console.environment
        )
        Console.say("booting '\(known.title.neutralised)' for its tests")
        let image = disk.image
        try await limited {
            try TestReport.say(try await testing.run(tests, of: image, named: known.name, booting: boot))
        }
    }

    /// The tests for which a machine runs; throws where there is none.
    func liveTests(of known: KnownImage, _ image: Image?) throws -> [ImageTest] {
        let tests = image?.tests.filter(\.check.isLive) ?? []
        guard tests.isEmpty else { return tests }
        throw InvalidInput(
            Diagnostic(
                "no test of '\(known.name)' needs a running machine",
                .noLiveTest,
                why: image == nil
                    ? "the Bakefile at hand is not about it" : "its 'tests' read the layers, if there are any",
                fix: "name the Bakefile with '--file', or add a test such as 'command', 'port' or 'http'"
            )
        )
    }
}
